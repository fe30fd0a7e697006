import { EVERYWHERE } from './domain/access.ts';
import { newApiToken } from './domain/api-token.ts';
import type { Identity, TokenStore } from './domain/store.ts';
import { createOnce } from './own-file.ts';

/**
 * Makes the admin token at the first start, in a file only its owner can read; the store keeps a hash. Later starts use the file's.
 * `identity` is what its bearer is, to Chandlery and to the cluster; its role is admin everywhere.
 */
export async function ensureAdminToken(tokens: TokenStore, file: string, identity: Identity): Promise<void> {
  const token = await createOnce(file, newApiToken);
  await tokens.add(token, 'admin', identity, { roles: [{ role: 'admin', namespace: EVERYWHERE }] });
}
