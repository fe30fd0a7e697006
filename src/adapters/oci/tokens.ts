import { z } from 'zod';
import { ChandleryError } from '../../domain/errors.ts';
import type { HttpCredentials } from '../http/credentials.ts';
import type { GuardedClient, GuardedRequest } from '../http/guarded-client.ts';
import type { Challenge } from './challenge.ts';

/** A credential for a registry; an identity token is what `docker login` keeps where the registry gives one. */
export type OciCredentials = HttpCredentials | { type: 'identity-token'; token: string };

export interface TokenRequest {
  client: GuardedClient;
  registry: string;
  /** Origin of the registry that named the realm. */
  origin: string;
  credentials: OciCredentials | undefined;
  challenge: Extract<Challenge, { scheme: 'bearer' }>;
  scope: string | undefined;
  signal: AbortSignal | undefined;
}

export interface BearerToken {
  token: string;
  /** ms since the epoch; past it the token is not used any more */
  freshUntil: number;
}

const CLIENT_ID = 'chandlery';
const MAX_ANSWER_BYTES = 64 * 1024; // a token with every claim there is has a few kilobytes
/** s; what the specification says for an answer without `expires_in` */
const DEFAULT_LIFETIME_S = 60;
/** s; rights taken away from a credential should not live on here for longer */
const MAX_LIFETIME_S = 3600;
/** ms; a token must outlive the request it is sent with */
const LEEWAY_MS = 10_000;

const answerSchema = z.object({
  token: z.string().min(1).optional(),
  access_token: z.string().min(1).optional(),
  expires_in: z.number().nonnegative().optional(),
});

/**
 * Asks the token server that the registry named (the Docker token protocol: GET, or its OAuth2 form for an identity token). Fails
 * with authentication when it refuses the credential, with outbound_denied when it lies where a registry may not send us.
 */
export async function fetchToken(request: TokenRequest): Promise<BearerToken> {
  const asked = Date.now();
  const response = await request.client.request({
    ...(request.credentials?.type === 'identity-token'
      ? oauthRequest(request, request.credentials.token)
      : plainRequest(request)),
    registry: request.registry,
    signal: request.signal,
    maxBytes: MAX_ANSWER_BYTES,
    // The realm is the registry's word: it must not lead from a public registry into our network, nor from https to http.
    namedBy: request.origin,
    accept: [400, 403],
  });
  if (response.status >= 400) {
    await response.discard();
    throw failure(request, 'authentication', `${response.url} answered ${response.status}: the credential is not accepted`);
  }
  const parsed = answerSchema.safeParse(await response.json());
  const token = parsed.data?.token ?? parsed.data?.access_token;
  if (token === undefined) throw failure(request, 'registry_invalid', `${response.url} answered without a token`);
  const lifetime = Math.min(parsed.data?.expires_in ?? DEFAULT_LIFETIME_S, MAX_LIFETIME_S) * 1000;
  return { token, freshUntil: asked + lifetime - LEEWAY_MS };
}

function plainRequest({ challenge, scope, credentials }: TokenRequest): GuardedRequest {
  const url = new URL(challenge.realm);
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  // One parameter for each scope; a scope itself has no blanks.
  for (const each of scope?.split(' ').filter(Boolean) ?? []) url.searchParams.append('scope', each);
  if (credentials?.type === 'basic') url.searchParams.set('account', credentials.username);
  return { url, headers: { accept: 'application/json' }, credentials: credentials?.type === 'basic' ? credentials : undefined };
}

function oauthRequest({ challenge, scope }: TokenRequest, identityToken: string): GuardedRequest {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: identityToken, client_id: CLIENT_ID });
  if (challenge.service !== undefined) form.set('service', challenge.service);
  if (scope !== undefined) form.set('scope', scope);
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  return { url: challenge.realm, method: 'POST', body: form.toString(), headers };
}

function failure({ registry }: TokenRequest, code: 'authentication' | 'registry_invalid', message: string): ChandleryError {
  return new ChandleryError(code, message, { registry });
}
