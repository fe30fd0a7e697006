import { isRange } from '../versions.ts';

/** Characters looked at; longer ranges are refused by everybody. */
const MAX_LENGTH = 512;

/**
 * A version range as charts write it (Masterminds semver), as ours: commas mean "and", parts may be missing before a pre-release
 * (`>=1.19-0`), a `v` may stand before a number. Undefined for what our ranges cannot say, such as `!=`.
 */
export function coerceRange(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const range = text
    .replaceAll(',', ' ')
    .replaceAll(/([\^~<>=\s]|^)v(?=\d)/g, '$1')
    .replaceAll(/(?<![\d.])(\d+)-(?=[0-9A-Za-z])(?!\s)/g, '$1.0.0-')
    .replaceAll(/(?<![\d.])(\d+\.\d+)-(?=[0-9A-Za-z])/g, '$1.0-')
    .replaceAll(/\s+/g, ' ')
    .trim();
  if (range === '' || range.includes('!=')) return undefined;
  return isRange(range) ? range : undefined;
}
