import { ChandleryError } from './errors.ts';

/** A cursor names a position within one query; the checksum makes any change to it, or its use for another query, visible. */
export function encodeCursor(offset: number, query: readonly unknown[]): string {
  const body = `1.${offset}`;
  return Buffer.from(`${body}.${checksum(body, query)}`, 'utf8').toString('base64url');
}

/** The position. Fails with invalid_request when the cursor was not given for this very query. */
export function decodeCursor(cursor: string, query: readonly unknown[]): number {
  const [version, offset, sum] = Buffer.from(cursor, 'base64url').toString('utf8').split('.');
  const position = Number(offset);
  const isOurs = version === '1' && sum === checksum(`1.${offset}`, query) && Number.isSafeInteger(position) && position >= 0;
  // Comparing the text again refuses other spellings of the same bytes.
  if (isOurs && encodeCursor(position, query) === cursor) return position;
  const message = 'was not given by this server for this query; start again without it';
  throw new ChandleryError('invalid_request', `cursor: ${message}`, { issues: [{ path: 'cursor', message }] });
}

/** FNV-1a, 32 bits. Not a secret: a forged cursor can only name another position of a public list. */
function checksum(body: string, query: readonly unknown[]): string {
  const text = JSON.stringify([body, ...query]);
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
