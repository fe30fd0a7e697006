import type { Request } from 'express';
import { Router } from 'express';
import { beyond, EVERYWHERE, rolesOf } from '../domain/access.ts';
import { newApiToken } from '../domain/api-token.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { AuditStore, ChangeFeed, TokenRecord, TokenStore } from '../domain/store.ts';
import { callerOf, requesterOf } from './auth.ts';
import { parseWith } from './problem.ts';
import { type TokenRequest, tokenRequestSchema } from './schemas/tokens.ts';

export interface TokensRouterDeps {
  tokens: TokenStore;
  audit: AuditStore;
  changes: Pick<ChangeFeed, 'publish'>;
  /** Makes this server ask the store anew about a token. */
  forget(tokenId: string): void;
}

/** Who may come here: domain/access-table.ts. */
export function createTokensRouter({ tokens, audit, changes, forget }: TokensRouterDeps): Router {
  const router = Router();

  router.post('/', async (request, response) => {
    const body = parseWith(tokenRequestSchema, request.body ?? {}, 'body');
    const { user, groups, name = user, roles = [{ role: 'viewer' as const, namespace: EVERYWHERE }], scopes } = body;
    await refuseMore(audit, request, { ...body, roles });
    const { expiresInSeconds } = body;
    const expiresAt = expiresInSeconds === undefined ? undefined : new Date(Date.now() + 1_000 * expiresInSeconds).toISOString();
    const token = newApiToken();
    const actor = requesterOf(request).user;
    const grant = { roles, ...(scopes !== undefined && { scopes }), ...(expiresAt !== undefined && { expiresAt }) };
    // First of all: a token that cannot be recorded is not made.
    await audit.append({
      ...{ actor, action: 'create-token', object: `token/${name}`, outcome: 'allowed' },
      detail: { name, user, groups, ...grant },
    });
    const made = await tokens.add(token, name, { user, groups }, { ...grant, createdBy: actor });
    response
      .status(201)
      .set('Cache-Control', 'no-store')
      .location(`/api/v1/tokens/${made.id}`)
      .json({ ...tokenBody(made), token });
  });

  router.get('/', async (_request, response) => {
    response.json({ tokens: (await tokens.list()).map(tokenBody) });
  });

  router.get('/:id', async (request, response) => {
    response.json(tokenBody(known(await tokens.get(request.params.id), request.params.id)));
  });

  router.delete('/:id', async (request, response) => {
    const { id } = request.params;
    const { name } = known(await tokens.get(id), id);
    await audit.append({
      ...{ actor: requesterOf(request).user, action: 'revoke-token', object: `token/${name}`, outcome: 'allowed' },
      detail: { id },
    });
    await tokens.revoke(id);
    forget(id);
    await changes.publish({ type: 'token.revoked', id });
    response.status(204).end();
  });

  return router;
}

/** A token must not be worth more than its maker: neither by its own roles and scopes, nor by what its groups bring. */
async function refuseMore(
  audit: AuditStore,
  request: Request,
  { name, user, groups, roles = [], scopes }: TokenRequest,
): Promise<void> {
  const missing = beyond(callerOf(request), rolesOf({ user, groups }, roles, []), scopes);
  if (missing.length === 0) return;
  const actor = requesterOf(request).user;
  await audit.append({
    ...{ actor, action: 'create-token', object: `token/${name ?? user}`, outcome: 'denied', code: 'forbidden' },
    detail: { missing },
  });
  throw new ChandleryError('forbidden', `a token cannot have more than its maker: ${actor} has not ${missing.join(', ')}`, {
    missing: missing.map((right) => ({ right })),
  });
}

function known(token: TokenRecord | undefined, id: string): TokenRecord {
  if (token) return token;
  throw new ChandleryError('not_found', `there is no token ${id.slice(0, 100)}; its id is in the list of tokens`);
}

function tokenBody({ identity, ...token }: TokenRecord) {
  const over = token.expiresAt !== undefined && Date.parse(token.expiresAt) <= Date.now();
  const state = token.revokedAt !== undefined ? 'revoked' : over ? 'expired' : 'active';
  return { ...token, ...identity, state };
}
