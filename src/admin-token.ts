import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { newApiToken } from './domain/api-token.ts';
import type { Identity, TokenStore } from './domain/store.ts';

/**
 * Makes the admin token at the first start, in a file only its owner can read; the store keeps a hash. Later starts use the file's.
 * `identity` is what its bearer is, to Chandlery and to the cluster.
 */
export async function ensureAdminToken(tokens: TokenStore, file: string, identity: Identity): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const token = (await create(file)) ?? (await readFile(file, 'utf8')).trim();
  await tokens.add(token, 'admin', identity);
}

/** Undefined when the file is there already. It appears whole: of two servers that start at once one makes it, the other reads it. */
async function create(file: string): Promise<string | undefined> {
  const token = newApiToken();
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, `${token}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
    return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    await unlink(draft);
  }
}
