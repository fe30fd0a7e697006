import { Router } from 'express';
import { newApiToken } from '../domain/api-token.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { AuditStore, Identity, TokenStore } from '../domain/store.ts';
import { requesterOf } from './auth.ts';
import { parseWith } from './problem.ts';
import { tokenRequestSchema } from './schemas/tokens.ts';

/** Only its members make and list tokens: whoever makes one may become anybody. */
const ADMIN_GROUP = 'chandlery:admins';

export interface TokensRouterDeps {
  tokens: TokenStore;
  audit: AuditStore;
}

export function createTokensRouter({ tokens, audit }: TokensRouterDeps): Router {
  const router = Router();

  router.post('/', async (request, response) => {
    const actor = requesterOf(request);
    await onlyAdmins(audit, actor, 'create-token');
    const { user, groups, name = user, expiresInSeconds } = parseWith(tokenRequestSchema, request.body ?? {}, 'body');
    const expiresAt = expiresInSeconds === undefined ? undefined : new Date(Date.now() + 1_000 * expiresInSeconds).toISOString();
    const token = newApiToken();
    const shown = { name, user, groups, ...(expiresAt !== undefined && { expiresAt }) };
    // First of all: a token that cannot be recorded is not made.
    await audit.append({ actor: actor.user, action: 'create-token', object: `token/${name}`, outcome: 'allowed', detail: shown });
    await tokens.add(token, name, { user, groups }, expiresAt);
    response
      .status(201)
      .set('Cache-Control', 'no-store')
      .json({ ...shown, token });
  });

  router.get('/', async (request, response) => {
    await onlyAdmins(audit, requesterOf(request), 'list-tokens');
    const all = await tokens.list();
    response.json({ tokens: all.map(({ identity, ...token }) => ({ ...token, ...identity })) });
  });

  return router;
}

async function onlyAdmins(audit: AuditStore, { user, groups }: Identity, action: string): Promise<void> {
  if (groups.includes(ADMIN_GROUP)) return;
  await audit.append({ actor: user, action, object: 'tokens', outcome: 'denied', code: 'forbidden' });
  throw new ChandleryError('forbidden', `only members of the group ${ADMIN_GROUP} may do this; ${user} is not one`, {
    missing: [{ group: ADMIN_GROUP }],
  });
}
