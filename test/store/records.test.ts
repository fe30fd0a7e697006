import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { IDENTITY_MIGRATION } from '../../src/adapters/store/identity-migration.ts';
import { createStore } from '../../src/adapters/store/index.ts';
import type { ChangeEvent } from '../../src/domain/store.ts';
import { describeStores, itemOf } from '../support/stores.ts';

const SERVERS = 6;

describeStores('records', (lab) => {
  describe('the audit log', () => {
    it('can be added to, and nothing else', async () => {
      const operation = randomUUID();
      await lab.store.audit.append({ actor: 'ann', action: 'install', object: 'x', outcome: 'allowed', operation });
      for (const statement of [
        'update audit set actor = $1 where operation = $1',
        'delete from audit where operation = $1',
        "insert into audit (id, actor, action, object, outcome) select id, $1, '', '', '' from audit on conflict (id) do update set actor = excluded.actor",
      ])
        await expect(lab.db.query(statement, [operation])).rejects.toThrow('audit is append-only');
      await expect(lab.db.query('truncate audit')).rejects.toThrow('audit is append-only');
      const { rows } = await lab.db.query('select actor from audit where operation = $1', [operation]);
      expect(rows).toEqual([{ actor: 'ann' }]);
    });

    it('holds one entry for an operation that decides twice, and all that belong to none', async () => {
      const operation = randomUUID();
      const entry = { actor: 'ann', action: 'install', object: operation, outcome: 'allowed' as const };
      await Promise.all([1, 2, 3].map(() => lab.store.audit.append({ ...entry, operation })));
      await Promise.all([1, 2, 3].map(() => lab.store.audit.append(entry)));
      const { rows } = await lab.db.query(
        'select count(*)::int as n, count(operation)::int as own from audit where object = $1',
        [operation],
      );
      expect(rows).toEqual([{ n: 4, own: 1 }]);
    });
  });

  describe('API tokens', () => {
    it('are known by their hash alone, and not after they have expired', async () => {
      const token = `chandlery-${randomUUID()}`;
      await lab.store.tokens.add(token, 'ci', { user: 'ann', groups: ['ops'] });
      expect(await lab.store.tokens.any()).toBe(true);
      expect(await lab.store.tokens.authenticate(token)).toMatchObject({ identity: { user: 'ann', groups: ['ops'] } });
      expect(await lab.store.tokens.authenticate(`${token}x`)).toBeUndefined();
      const { rows } = await lab.db.query('select * from tokens');
      expect(JSON.stringify(rows)).not.toContain(token);
      await lab.db.query("update tokens set expires_at = now() - interval '1 second'");
      expect(await lab.store.tokens.authenticate(token)).toBeUndefined();
    });

    it('take the identity that is given with them last, as the configured one of the admin may change', async () => {
      const token = `chandlery-${randomUUID()}`;
      await lab.store.tokens.add(token, 'admin', { user: 'ann', groups: ['ops'] });
      await lab.store.tokens.add(token, 'admin', { user: 'bea', groups: [] });
      expect(await lab.store.tokens.authenticate(token)).toMatchObject({ identity: { user: 'bea', groups: [] } });
    });

    it('may be given an end', async () => {
      const token = `chandlery-${randomUUID()}`;
      const soon = new Date(Date.now() + 60_000).toISOString();
      await lab.store.tokens.add(token, 'short', { user: 'bob', groups: [] }, { expiresAt: soon });
      expect(await lab.store.tokens.authenticate(token)).toMatchObject({
        identity: { user: 'bob', groups: [] },
        expiresAt: soon,
      });
      const over = `chandlery-${randomUUID()}`;
      const expiresAt = new Date(Date.now() - 1_000).toISOString();
      await lab.store.tokens.add(over, 'over', { user: 'bob', groups: [] }, { expiresAt });
      expect(await lab.store.tokens.authenticate(over)).toBeUndefined();
    });

    it('are listed newest first, by name and identity', async () => {
      await lab.db.query('delete from tokens');
      const roles = [{ role: 'operator' as const, namespace: 'team-a' }];
      const [id, everywhere] = [expect.stringMatching(/^[0-9a-f-]{36}$/), [{ role: 'viewer', namespace: '*' }]];
      const end = '2099-01-02T03:04:05.678Z';
      await lab.store.tokens.add('first-secret', 'ci', { user: 'ann', groups: ['ops', 'dev'] });
      await lab.store.tokens.add(
        'second-secret',
        'laptop',
        { user: 'bob', groups: [] },
        { roles, scopes: ['catalog:read'], expiresAt: end, createdBy: 'ada' },
      );
      const createdAt = expect.stringMatching(/^\d{4}-.*Z$/);
      const listed = await lab.store.tokens.list();
      expect(listed).toEqual([
        {
          ...{ id, name: 'laptop', identity: { user: 'bob', groups: [] }, roles, scopes: ['catalog:read'], createdAt },
          ...{ createdBy: 'ada', expiresAt: end },
        },
        { id, name: 'ci', identity: { user: 'ann', groups: ['ops', 'dev'] }, roles: everywhere, createdAt },
      ]);
      expect(JSON.stringify(listed)).not.toContain('secret');
    });
  });

  describe('an API token', () => {
    const nobody = { user: 'bob', groups: [] };

    it('ends for good when it is revoked, and keeps the moment when it is revoked again', async () => {
      const { id } = await lab.store.tokens.add('to-revoke', 'x', nobody);
      const first = await lab.store.tokens.revoke(id);
      expect(first?.revokedAt).toMatch(/^\d{4}-/);
      expect(await lab.store.tokens.revoke(id)).toEqual(first);
      await lab.store.tokens.add('to-revoke', 'x', nobody, { roles: [{ role: 'admin', namespace: '*' }] });
      expect(await lab.store.tokens.authenticate('to-revoke')).toBeUndefined();
      expect(await lab.store.tokens.get(id)).toMatchObject({ id, revokedAt: first?.revokedAt });
    });

    it.each(['no id', randomUUID()])('is not there under %s', async (id) => {
      expect([await lab.store.tokens.get(id), await lab.store.tokens.revoke(id)]).toEqual([undefined, undefined]);
    });

    it('from before roles keeps what it could', async () => {
      // In a schema of its own, which is gone with the transaction.
      await lab.db.query('begin; create schema before_roles; set local search_path = before_roles');
      try {
        await lab.db.query('create table tokens (hash text primary key, groups jsonb not null)');
        await lab.db.query(`insert into tokens values ('a', '["devs"]'), ('b', '["chandlery:admins", "x"]')`);
        await lab.db.query(IDENTITY_MIGRATION);
        const { rows } = await lab.db.query('select roles, scopes, revoked_at from tokens order by hash');
        expect(rows).toEqual([
          { roles: [{ role: 'operator', namespace: '*' }], scopes: null, revoked_at: null },
          { roles: [{ role: 'admin', namespace: '*' }], scopes: null, revoked_at: null },
        ]);
      } finally {
        await lab.db.query('rollback');
      }
    });

    it('has its last use written down once a minute', async () => {
      const { id } = await lab.store.tokens.add('used', 'x', nobody);
      const used = async () => (await lab.store.tokens.get(id))?.lastUsedAt;
      expect(await used()).toBeUndefined();
      await lab.store.tokens.authenticate('used');
      const first = await used();
      await lab.store.tokens.authenticate('used');
      expect(await used()).toBe(first);
      await lab.db.query("update tokens set last_used_at = last_used_at - interval '61 seconds' where id = $1", [id]);
      await lab.store.tokens.authenticate('used');
      expect(Date.parse((await used()) ?? '') - Date.parse(first ?? '')).toBeGreaterThanOrEqual(0);
    });
  });

  describe('scan verdicts', () => {
    it('are found by digest and ruleset, for a week', async () => {
      const { contentHash, manifest, trust, locked } = itemOf('redis', '1.0.0');
      const verdict = { contentHash, manifest, trust, files: 2, unpackedBytes: 10 };
      await lab.store.scans.save(locked.digest, 'rules/1', verdict);
      expect(await lab.store.scans.find(locked.digest, 'rules/1')).toEqual(verdict);
      expect(await lab.store.scans.find(locked.digest, 'rules/2')).toBeUndefined();
      await lab.db.query("update scans set created_at = now() - interval '8 days'");
      expect(await lab.store.scans.find(locked.digest, 'rules/1')).toBeUndefined();
      await lab.store.scans.save(locked.digest, 'rules/1', { ...verdict, files: 3 });
      expect(await lab.store.scans.find(locked.digest, 'rules/1')).toMatchObject({ files: 3 });
    });
  });

  describe('changes', () => {
    it('are told to every server, also after its connection broke', async () => {
      const other = createStore({ url: lab.url, onIdleError: () => undefined });
      const heard: ChangeEvent[] = [];
      const until = async (holds: () => boolean) => {
        for (const deadline = Date.now() + 5_000; !holds() && Date.now() < deadline; )
          await new Promise((resolve) => setTimeout(resolve, 20));
      };
      const unsubscribe = other.changes.subscribe((event) => heard.push(event));
      const event = { type: 'install.changed' as const, cluster: 'local', namespace: 'a', names: ['web'], operation: 'o' };
      const publish = async () => {
        await lab.store.changes.publish(event);
        await until(() => heard.length > 0);
      };
      // It listens a moment after it subscribed, and says so: what was before that may have been missed.
      await until(() => heard.length > 0);
      expect(heard).toEqual([{ type: 'resync' }]);
      heard.length = 0;
      await publish();
      expect(heard).toEqual([event]);
      heard.length = 0;
      await lab.db.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'chandlery-changes'");
      await until(() => heard.length > 0);
      expect(heard).toEqual([{ type: 'resync' }]);
      heard.length = 0;
      await publish();
      expect(heard).toEqual([event]);
      // Too many names for one notification: the whole namespace.
      heard.length = 0;
      await lab.store.changes.publish({ ...event, names: Array.from({ length: 2_000 }, (_, at) => `template-${at}`) });
      await until(() => heard.length > 0);
      expect(heard).toEqual([{ ...event, names: [] }]);
      unsubscribe();
      await other.close();
    });
  });

  describe('migrations', () => {
    describe('of a new database', () => {
      it('are made once, by however many servers start at once', async () => {
        const name = `fresh_${process.pid}_${Date.now()}`;
        await lab.db.query(`create database ${name}`);
        const url = new URL(lab.url);
        url.pathname = `/${name}`;
        const stores = Array.from({ length: SERVERS }, () => createStore({ url: url.href, onIdleError: () => undefined }));
        await Promise.all(stores.map((store) => store.migrate()));
        await Promise.all(stores.map((store) => store.migrate()));
        await stores[0]?.tokens.add('t', 'n', { user: 'u', groups: [] });
        expect(await stores.at(-1)?.tokens.any()).toBe(true);
        await Promise.all(stores.map((store) => store.close()));
        const client = new pg.Client({ connectionString: url.href });
        await client.connect();
        const { rows } = await client.query('select name from kysely_migration order by name');
        expect(rows.map((row) => row.name).slice(0, 2)).toEqual(['001-first', '002-deployments']);
        expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
        await client.end();
        await lab.db.query(`drop database ${name} with (force)`);
      });
    });

    it('make a store that says store_unavailable when nobody answers', async () => {
      const nowhere = createStore({ url: 'postgres://nobody@127.0.0.1:1/none', onIdleError: () => undefined });
      await expect(nowhere.ping()).toFailWith('store_unavailable');
      await expect(nowhere.migrate()).toFailWith('store_unavailable');
      await expect(nowhere.installs.list('local')).toFailWith('store_unavailable');
      await nowhere.close();
    });
  });
});
