import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { createStore } from '../../../src/adapters/store/index.ts';
import { describeStores, type StoreLab } from '../../support/stores.ts';

/** A database in which a role may make tables but no extension, as a hosted PostgreSQL may be. */
async function limitedDatabase(lab: StoreLab): Promise<{ asAdmin: string; asRole: string }> {
  const [name, password] = [`limited_${randomUUID().slice(0, 8)}`, randomUUID()];
  await lab.db.query(`create role ${name} login password '${password}'`);
  await lab.db.query(`create database ${name}`);
  const admin = new URL(lab.url);
  admin.pathname = `/${name}`;
  const role = new URL(admin);
  role.username = name;
  role.password = password;
  await runAs(admin.href, `grant create on schema public to ${name}`);
  return { asAdmin: admin.href, asRole: role.href };
}

async function runAs(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

describeStores('a database whose role may not make extensions', (lab) => {
  it('fails with config_invalid that says what to run, and works once it was run', async () => {
    const { asAdmin, asRole } = await limitedDatabase(lab);
    const store = createStore({ url: asRole, onIdleError: () => undefined });
    await expect(store.migrate()).toFailWith('config_invalid');
    await expect(store.migrate()).rejects.toThrow('create extension pg_trgm');
    await runAs(asAdmin, 'create extension pg_trgm');
    await store.migrate();
    expect(await store.catalog.states()).toEqual([]);
    await store.close();
  });
});
