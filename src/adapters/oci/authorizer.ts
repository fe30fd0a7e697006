import { LRUCache } from 'lru-cache';
import { ChandleryError } from '../../domain/errors.ts';
import type { HttpCredentials } from '../http/credentials.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { type Challenge, readChallenge } from './challenge.ts';
import { type BearerToken, fetchToken, type OciCredentials } from './tokens.ts';

export interface AuthorizerOptions {
  client: GuardedClient;
  registry: string;
  origin: string;
  credentials: OciCredentials | undefined;
}

/** Scopes whose token is kept; each repository has its own. */
const MAX_TOKENS = 1000;
const NO_SCOPE = '';

interface Pending {
  token: Promise<BearerToken>;
  signal: AbortSignal | undefined;
  wanted: string | undefined;
}

/**
 * Answers a registry's challenges and remembers how: what the first answer taught is used for all later requests, so that a repository
 * costs one token and not a refused request as well.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #tokens = new LRUCache<string, BearerToken>({ max: MAX_TOKENS });
  /** Token requests under way, so that eight requests for one repository ask once. */
  readonly #pending = new Map<string, Pending>();
  #challenge: Challenge | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** What to send with a request in this scope as far as is known; undefined = nothing yet. */
  async credentialsFor(scope: string | undefined, signal: AbortSignal | undefined): Promise<HttpCredentials | undefined> {
    const { credentials } = this.#options;
    if (credentials?.type === 'token') return credentials;
    if (this.#challenge?.scheme === 'basic') return credentials?.type === 'basic' ? credentials : undefined;
    const kept = this.#tokens.get(scope ?? NO_SCOPE);
    if (kept && kept.freshUntil > Date.now()) return asBearer(kept);
    if (this.#challenge?.scheme !== 'bearer') return undefined;
    return asBearer(await this.#token(this.#challenge, scope, signal));
  }

  /** What to send after a 401 with this header. Fails with authentication where nothing can help. */
  async answer(
    header: string | undefined,
    scope: string | undefined,
    signal: AbortSignal | undefined,
    where: string,
  ): Promise<HttpCredentials> {
    const { credentials } = this.#options;
    const challenge = readChallenge(header);
    if (!challenge) throw this.#refused(`${where} answered 401 and does not say how to authenticate`);
    if (credentials?.type === 'token') throw this.#refused(`${where} answered 401: the token is not accepted`);
    if (challenge.scheme === 'basic') {
      this.#challenge = challenge;
      if (credentials?.type !== 'basic') throw this.#refused(`${where} asks for a user name and a password; none are configured`);
      return credentials;
    }
    const { scope: wanted, ...lasting } = challenge;
    this.#challenge = lasting;
    this.#tokens.delete(scope ?? NO_SCOPE);
    return asBearer(await this.#token(lasting, scope, signal, wanted));
  }

  /** `wanted` is how the registry itself writes the scope, where it said so. */
  async #token(
    challenge: Extract<Challenge, { scheme: 'bearer' }>,
    scope: string | undefined,
    signal: AbortSignal | undefined,
    wanted: string | undefined = scope,
  ): Promise<BearerToken> {
    const key = scope ?? NO_SCOPE;
    const running = this.#pending.get(key);
    // Shared only under one signal: another caller's abort must not fail this one.
    if (running && running.signal === signal && running.wanted === wanted) return running.token;
    const { client, registry, origin, credentials } = this.#options;
    const asked = { client, registry, origin, credentials, challenge, scope: wanted, signal };
    const started: Pending = { token: fetchToken(asked), signal, wanted };
    this.#pending.set(key, started);
    try {
      const token = await started.token;
      this.#tokens.set(key, token);
      return token;
    } finally {
      if (this.#pending.get(key) === started) this.#pending.delete(key);
    }
  }

  #refused(message: string): ChandleryError {
    return new ChandleryError('authentication', message, { registry: this.#options.registry });
  }
}

function asBearer({ token }: BearerToken): HttpCredentials {
  return { type: 'token', token };
}
