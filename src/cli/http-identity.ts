import type { Caller, RoleGrant } from '../domain/access.ts';
import type { JsonCall } from './http-deployments.ts';
import type { Call } from './transport.ts';

/** The API's tokens and what it takes the caller for, as the CLI uses them. Every method fails with a CliError. */

export interface TokenBody {
  name?: string;
  user: string;
  groups: string[];
  roles?: RoleGrant[];
  scopes?: string[];
  expiresInSeconds?: number;
}

export interface Token {
  id: string;
  name: string;
  user: string;
  groups: string[];
  roles: RoleGrant[];
  scopes?: string[];
  state: 'active' | 'expired' | 'revoked';
  createdAt: string;
  expiresAt?: string;
  lastUsedAt?: string;
}

export interface Whoami extends Pick<Caller, 'via' | 'roles' | 'scopes' | 'token'> {
  user: string;
  groups: string[];
}

export function identityCalls(json: JsonCall, text: (call: Call) => Promise<string>) {
  return {
    whoami: () => json<Whoami>('user', { path: 'api/v1/whoami' }),
    createToken: (body: TokenBody) => json<Token & { token: string }>('token', { method: 'POST', path: 'api/v1/tokens', body }),
    tokens: () => json<{ tokens: Token[] }>('tokens', { path: 'api/v1/tokens' }),
    /** The answer has no body. */
    revokeToken: (id: string) => text({ method: 'DELETE', path: `api/v1/tokens/${encodeURIComponent(id)}` }),
  };
}
