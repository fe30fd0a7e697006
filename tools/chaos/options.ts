import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** What a chaos run is asked to do. */
export interface ChaosOptions {
  installs: number;
  kills: number;
  /** Chooses templates, times and victims: the same seed plans the same run. */
  seed: number;
  targets: ChaosTarget[];
}

/** What may be killed. */
const CHAOS_TARGETS = ['worker'] as const;
type ChaosTarget = (typeof CHAOS_TARGETS)[number];

/** A typing error must not fill the disk: the largest run anybody has planned is 1,000 under 1,000. */
const MAX_COUNT = 10_000;
const SEED_LIMIT = 2 ** 31;

export const CHAOS_USAGE = `usage: npm run chaos -- --installs N --kills M [--seed S] [--targets ${CHAOS_TARGETS.join(',')}]`;

/** The command line was not understood; the message says which part. */
export class UsageError extends Error {}

/** Reads the command line; without a seed one is drawn. Throws UsageError. */
export function parseChaosOptions(args: readonly string[]): ChaosOptions {
  const { installs, kills, seed, targets } = parseFlags(args);
  return {
    installs: wholeNumber('--installs', installs, { from: 1, to: MAX_COUNT }),
    kills: wholeNumber('--kills', kills, { from: 0, to: MAX_COUNT }),
    seed: seed === undefined ? randomInt(SEED_LIMIT) : wholeNumber('--seed', seed, { from: 0, to: SEED_LIMIT - 1 }),
    targets: targetsOf(targets ?? 'worker'),
  };
}

function parseFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({ args: [...args], options: { installs: text, kills: text, seed: text, targets: text } }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(flag: string, text: string | undefined, { from, to }: { from: number; to: number }): number {
  if (text === undefined) throw new UsageError(`${flag} is missing`);
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to))
    throw new UsageError(`${flag} must be a whole number from ${from} to ${to}, not "${text}"`);
  return value;
}

function targetsOf(text: string): ChaosTarget[] {
  return text.split(',').map((name) => {
    const target = CHAOS_TARGETS.find((known) => known === name);
    if (target === undefined)
      throw new UsageError(`--targets: "${name}" cannot be killed; what can be is ${CHAOS_TARGETS.join(', ')}`);
    return target;
  });
}
