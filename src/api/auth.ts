import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';
import { type Caller, type RoleBinding, rolesOf } from '../domain/access.ts';
import { isOwnToken } from '../domain/api-token.ts';
import { ChandleryError } from '../domain/errors.ts';
import { createTurns } from '../domain/in-turn.ts';
import type { ChangeFeed, Identity, TokenStore } from '../domain/store.ts';

/** How long an answer of the store or the cluster is believed, milliseconds: a token that ended elsewhere works at most this much longer. */
const BELIEVED_MS = 5_000;
const BELIEVED_TOKENS = 1_000;
/** Anybody may send bearers that nobody knows: the cluster is asked about so many at a time, whoever sends them. */
const REVIEWS_AT_ONCE = 8;
/** Then so many wait, some seconds at most where a review takes 100 ms. */
const REVIEWS_WAITING = 200;
/** Longest bearer that is looked at, characters: a service account's token has about 1,000. */
const BEARER = /^bearer +([\x21-\x7e]{1,8192})$/i;

/** Asks the cluster whose token it is; undefined = nobody's. Fails with cluster_unavailable when it cannot tell. */
export type TokenReview = (token: string) => Promise<Identity | undefined>;

export interface AuthenticatorDeps {
  tokens: Pick<TokenStore, 'authenticate'>;
  changes: Pick<ChangeFeed, 'subscribe'>;
  bindings?: readonly RoleBinding[] | undefined;
  /** For bearers that are none of ours; absent = they are refused. */
  review?: TokenReview | undefined;
  /** Aborted when the server stops. */
  stopping: AbortSignal;
}

export interface Authenticator {
  /** Who the bearer of this Authorization header is. Fails with unauthenticated, or with store_unavailable or cluster_unavailable when it cannot tell. */
  authenticate(authorization: string | undefined): Promise<Caller>;
  /** Makes this server ask anew about a token that was revoked. */
  forget(tokenId: string): void;
}

export function createAuthenticator(given: AuthenticatorDeps): Authenticator {
  const deps = { ...given, review: given.review && inTurns(given.review) };
  const believed = new LRUCache<string, Caller>({ max: BELIEVED_TOKENS, ttl: BELIEVED_MS });
  // Apart: whoever sends many wrong ones must not push the right ones out, nor have each of them looked at by the cluster.
  const refused = new LRUCache<string, true>({ max: BELIEVED_TOKENS, ttl: BELIEVED_MS });
  // Counts revocations: an answer that was read before one and arrives after it is not kept.
  let revocations = 0;
  const forget = (tokenId?: string) => {
    revocations += 1;
    for (const [key, caller] of believed.entries())
      if (tokenId === undefined || caller.token?.id === tokenId) believed.delete(key);
  };
  const unsubscribe = deps.changes.subscribe((event) => {
    if (event.type === 'token.revoked') forget(event.id);
    else if (event.type === 'resync') forget();
  });
  deps.stopping.addEventListener('abort', unsubscribe, { once: true });
  return {
    forget,
    async authenticate(authorization) {
      const token = BEARER.exec(authorization ?? '')?.[1];
      if (token === undefined) throw new ChandleryError('unauthenticated', 'the request carries no bearer token');
      // Only the hash is kept in memory.
      const key = createHash('sha256').update(token).digest('base64');
      const before = revocations;
      const known = believed.get(key);
      const caller = known ?? (refused.has(key) ? undefined : await look(deps, token));
      if (!caller) refused.set(key, true);
      else if (!known && before === revocations) believed.set(key, caller);
      if (!caller || isOver(caller))
        throw new ChandleryError('unauthenticated', 'the token is unknown, has expired or was revoked');
      return caller;
    },
  };
}

function inTurns(review: TokenReview): TokenReview {
  const turn = createTurns(REVIEWS_AT_ONCE);
  let asked = 0;
  return async (token) => {
    if (asked >= REVIEWS_AT_ONCE + REVIEWS_WAITING)
      throw new ChandleryError('cluster_unavailable', 'too many credentials wait for the cluster to review them; try again');
    asked += 1;
    try {
      return await turn(() => review(token));
    } finally {
      asked -= 1;
    }
  };
}

async function look({ tokens, bindings = [], review }: AuthenticatorDeps, token: string): Promise<Caller | undefined> {
  const own = await tokens.authenticate(token);
  if (own) {
    const { id, name, identity, roles, scopes, expiresAt } = own;
    return {
      identity,
      via: 'token',
      roles: rolesOf(identity, roles, bindings),
      ...(scopes !== undefined && { scopes }),
      token: { id, name, ...(expiresAt !== undefined && { expiresAt }) },
    };
  }
  // One of ours that does not work any more is not shown to the cluster.
  const identity = isOwnToken(token) ? undefined : await review?.(token);
  return identity && { identity, via: 'cluster', roles: rolesOf(identity, [], bindings) };
}

/** Exact to the moment, also while the answer is still believed. */
function isOver({ token }: Caller): boolean {
  return token?.expiresAt !== undefined && Date.parse(token.expiresAt) <= Date.now();
}

const callers = new WeakMap<Request, Caller>();

export function rememberCaller(request: Request, caller: Caller): void {
  callers.set(request, caller);
}

/** Who sent the request, with roles and scopes. Fails with unauthenticated where no credential was asked for. */
export function callerOf(request: Request): Caller {
  const caller = callers.get(request);
  if (!caller) throw new ChandleryError('unauthenticated', 'the request carries no identity');
  return caller;
}

/** Who sent the request; undefined where no credential was asked for. */
export function identityOf(request: Request): Identity | undefined {
  return callers.get(request)?.identity;
}

/** Who sent the request: what the cluster sees. Only behind the access check. */
export function requesterOf(request: Request): Identity {
  return callerOf(request).identity;
}
