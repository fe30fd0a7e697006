import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureAdminToken } from '../src/admin-token.ts';
import { readConfig } from '../src/config.ts';
import type { Identity, TokenGrant, TokenStore } from '../src/domain/store.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-admin-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('ensureAdminToken', () => {
  const added: Array<[string, Identity, TokenGrant | undefined]> = [];
  const tokens = {
    add: async (token: string, _name: string, identity: Identity, grant?: TokenGrant) =>
      void added.push([token, identity, grant]),
  } as unknown as TokenStore;

  it('makes the token once, for its owner only, with the identity that is configured', async () => {
    const file = join(dir, 'below', 'admin-token');
    const { admin } = readConfig({ CHANDLERY_ADMIN_USER: 'root-of-all', CHANDLERY_ADMIN_GROUPS: 'ops, chandlery:admins' });
    await ensureAdminToken(tokens, file, admin);
    await ensureAdminToken(tokens, file, readConfig({}).admin);
    const token = (await readFile(file, 'utf8')).trim();
    expect(token).toMatch(/^chy_[\w-]{43}$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const everything = { roles: [{ role: 'admin', namespace: '*' }] };
    expect(added).toEqual([
      [token, { user: 'root-of-all', groups: ['ops', 'chandlery:admins'] }, everything],
      [token, { user: 'chandlery-admin', groups: ['chandlery:admins'] }, everything],
    ]);
  });
});
