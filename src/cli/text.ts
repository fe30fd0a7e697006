/** Words for people: cleaned of what a terminal would obey, and numbers as people read them. */

// Escape sequences and direction overrides in a registry's texts could rewrite what is on the screen.
const UNSAFE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The text on one line, without control characters. */
export function oneLine(text: string): string {
  return text.replace(UNSAFE, ' ').trim();
}

/** At most `width` characters, the last one `…` where something was cut. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return width <= 0 ? '' : `${characters.slice(0, width - 1).join('')}…`;
}

/** `0.1s`, `42s`, `3m05s`, `1h02m`. */
export function duration(ms: number): string {
  const time = Math.max(0, ms);
  if (time < 10 * SECOND_MS) return `${(time / SECOND_MS).toFixed(1)}s`;
  if (time < MINUTE_MS) return `${Math.floor(time / SECOND_MS)}s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (time < HOUR_MS) return `${Math.floor(time / MINUTE_MS)}m${two((time % MINUTE_MS) / SECOND_MS)}s`;
  return `${Math.floor(time / HOUR_MS)}h${two((time % HOUR_MS) / MINUTE_MS)}m`;
}

/** How long ago, in the largest unit: `12s`, `5m`, `3h`, `2d`. `-` when the text is no time. */
export function age(at: string | undefined, now: number = Date.now()): string {
  const ms = now - Date.parse(at ?? '');
  if (Number.isNaN(ms)) return '-';
  if (ms < MINUTE_MS) return `${Math.max(0, Math.floor(ms / SECOND_MS))}s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)}m`;
  return ms < 2 * DAY_MS ? `${Math.floor(ms / HOUR_MS)}h` : `${Math.floor(ms / DAY_MS)}d`;
}

/** `7680 B`, `7.5 kB`, `12 MB`; powers of 1000. */
export function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 10_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
