/**
 * Where in a window of bytes a secret of known form could be. Looking everywhere would take longer than hashing does; but every such secret has a run of
 * at least RUN letters, digits and few signs in it, or a line that begins a key. Text has few of these runs, and binary files next to none.
 */

/** The shortest secret of token-rules.ts is the beginning of an OpenSSH key, 19; a test holds every rule against this. Bytes. */
const RUN_BYTES = 19;
/** Two looks fall into any run of twice as many. Bytes. */
const STRIDE = 8;
/** What may lie between the first line of a key and the 16 characters of its body that are asked for. Bytes. */
const KEY_BYTES = 1024;
/** A rule may ask for a sign or two behind the run. Bytes. */
const BEHIND_BYTES = 4;
const KEY_LINE = '-----BEGIN ';

const IN_RUN = new Uint8Array(256);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_=.-')
  IN_RUN[character.charCodeAt(0)] = 1;

/** From, to (exclusive). */
export type Region = readonly [number, number];

/** Regions that may hold a secret, in order and apart from each other. */
export function hotRegions(bytes: Buffer): Region[] {
  const found = [...keyLines(bytes), ...runs(bytes)].sort(([a], [b]) => a - b);
  const merged: Array<[number, number]> = [];
  for (const [from, to] of found) {
    const last = merged.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

function* keyLines(bytes: Buffer): Generator<Region> {
  for (let at = bytes.indexOf(KEY_LINE, 0, 'latin1'); at >= 0; at = bytes.indexOf(KEY_LINE, at + 1, 'latin1'))
    yield [Math.max(0, at - 1), Math.min(bytes.length, at + KEY_BYTES)];
}

function runs(bytes: Buffer): Region[] {
  const found: Region[] = [];
  const { length } = bytes;
  // The last look is within the bytes: reading past their end would make every read slow. A run that ends with them has an earlier look.
  const last = length - STRIDE - 1;
  for (let at = 0; at <= last; at += STRIDE) {
    // One branch for both: each alone goes either way in random bytes, and the processor guesses wrong.
    if ((IN_RUN[bytes[at] as number] as number) + (IN_RUN[bytes[at + STRIDE] as number] as number) < 2) continue;
    let from = at;
    while (from > 0 && inRun(bytes, from - 1)) from -= 1;
    let to = at + 1;
    while (to < length && inRun(bytes, to)) to += 1;
    if (to - from >= RUN_BYTES) found.push([Math.max(0, from - 1), Math.min(length, to + BEHIND_BYTES)]);
    // On the grid again, at the last look inside the run.
    at = Math.max(at, to - (to % STRIDE) - STRIDE);
  }
  return found;
}

function inRun(bytes: Buffer, at: number): boolean {
  return IN_RUN[bytes[at] as number] === 1;
}
