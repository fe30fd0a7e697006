import type { OutgoingHttpHeaders } from 'node:http';
import { ChandleryError } from '../../domain/errors.ts';
import type { Identity } from '../../domain/store.ts';

/** Control characters would end the header; the server trims blanks at the ends, so `' '` would arrive as no name at all. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const UNSAFE = /[\u0000-\u001f\u007f]|^\s|\s$/;

/**
 * The headers that make a request act as the identity: one `Impersonate-Group` line per group. Fails with `forbidden` for a name that
 * the server would read differently: one it reads as empty means no impersonation, and the request would run as Chandlery itself.
 */
export function impersonationHeaders({ user, groups }: Identity): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { 'Impersonate-User': headerValue(user, 'user') };
  if (groups.length > 0) headers['Impersonate-Group'] = groups.map((group) => headerValue(group, 'group'));
  return headers;
}

/** Names are UTF-8 on the wire; Node writes header values as latin1, so the bytes are handed over one per character. */
function headerValue(name: string, what: string): string {
  if (name === '' || UNSAFE.test(name)) {
    throw new ChandleryError('forbidden', `the ${what} name ${JSON.stringify(name)} cannot be used with the cluster; rename it`);
  }
  return Buffer.from(name, 'utf8').toString('latin1');
}
