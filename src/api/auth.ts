import { createHash } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import { ChandleryError } from '../domain/errors.ts';
import type { Identity, TokenStore } from '../domain/store.ts';

/** How long an answer of the store is believed, milliseconds: a revoked token works at most this much longer. */
const BELIEVED_MS = 5_000;
const BELIEVED_TOKENS = 1_000;

const identities = new WeakMap<Request, Identity>();

/** Lets only bearers of a valid API token pass. Fails with unauthenticated, or with store_unavailable when it cannot tell. */
export function createAuthentication(tokens: TokenStore): RequestHandler {
  const believed = new LRUCache<string, Identity>({ max: BELIEVED_TOKENS, ttl: BELIEVED_MS });
  return async (request, _response, next) => {
    const token = bearerOf(request.get('authorization'));
    if (token === undefined) throw new ChandleryError('unauthenticated', 'the request carries no bearer token');
    // Only the hash is kept in memory.
    const key = createHash('sha256').update(token).digest('base64');
    const identity = believed.get(key) ?? (await tokens.authenticate(token));
    if (!identity) throw new ChandleryError('unauthenticated', 'the token is unknown or has expired');
    believed.set(key, identity);
    identities.set(request, identity);
    next();
  };
}

/** Who sent the request; undefined where no credential was asked for. */
export function identityOf(request: Request): Identity | undefined {
  return identities.get(request);
}

/** Who sent the request; only behind createAuthentication. */
export function requesterOf(request: Request): Identity {
  const identity = identityOf(request);
  if (!identity) throw new ChandleryError('unauthenticated', 'the request carries no identity');
  return identity;
}

function bearerOf(header: string | undefined): string | undefined {
  return /^bearer +([\x21-\x7e]{1,512})$/i.exec(header ?? '')?.[1];
}
