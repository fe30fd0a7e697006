import { InvalidArgumentError } from 'commander';

/** Readers of option values; what they refuse is a usage error (exit code 2). */

/** A whole number from 1 to 100, which is the API's largest page. */
export function pageSize(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 100) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 to 100.');
}

/** A rating from 0 to 5, such as 3.5. */
export function rating(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 5) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 5, such as 3.5.');
}

/** Gathers an option that may be repeated. */
export function gather(text: string, before: string[] = []): string[] {
  return [...before, text];
}

const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `5m`, `2h` or `30d` in seconds. */
export function seconds(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const value = Number(count) * (UNIT_SECONDS[unit] ?? 0);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a time such as 90s, 5m, 2h or 30d.');
}

/** A whole number from 1 on. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}

/** The options without those that were not given, as exact optional members want it. */
export function given<Options extends object>(options: Options): { [Name in keyof Options]: Exclude<Options[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Options]: Exclude<Options[Name], undefined>;
  };
}
