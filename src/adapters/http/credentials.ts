import { ChandleryError } from '../../domain/errors.ts';

export type HttpCredentials = { type: 'token'; token: string } | { type: 'basic'; username: string; password: string };

/** The Authorization header's value. Fails with authentication when the credential cannot be one; the text never shows it. */
export function authorizationHeader(credentials: HttpCredentials | undefined): string | undefined {
  if (!credentials) return undefined;
  if (credentials.type === 'token') {
    if (/^[\x21-\x7e]+$/.test(credentials.token)) return `Bearer ${credentials.token}`;
    throw new ChandleryError(
      'authentication',
      'The token holds characters that no header can carry; it may have been cut or wrapped',
    );
  }
  // RFC 7617: a colon ends the user name.
  if (credentials.username.includes(':')) throw new ChandleryError('authentication', 'The user name may not contain a colon');
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64')}`;
}
