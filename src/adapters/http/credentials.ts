import { ChandleryError } from '../../domain/errors.ts';
import type { RegistryCredentials } from '../../domain/registry-entry.ts';

/** Those that a header can carry. */
export type HttpCredentials = Extract<RegistryCredentials, { type: 'token' | 'basic' }>;

/** The Authorization header's value. Fails with authentication when the credential cannot be one; the text never shows it. */
export function authorizationHeader(credentials: RegistryCredentials | undefined): string | undefined {
  if (!credentials) return undefined;
  if (credentials.type === 'token') {
    if (/^[\x21-\x7e]+$/.test(credentials.token)) return `Bearer ${credentials.token}`;
    throw new ChandleryError(
      'authentication',
      'The token holds characters that no header can carry; it may have been cut or wrapped',
    );
  }
  if (credentials.type !== 'basic')
    throw new ChandleryError('authentication', `A credential of type ${credentials.type} cannot be sent over http`);
  // RFC 7617: a colon ends the user name.
  if (credentials.username.includes(':')) throw new ChandleryError('authentication', 'The user name may not contain a colon');
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64')}`;
}
