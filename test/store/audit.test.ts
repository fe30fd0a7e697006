import { describe, expect, it } from '@jest/globals';
import type { AuditFilter } from '../../src/domain/audit.ts';
import { auditObject, namespaceOfObject } from '../../src/domain/audit.ts';
import { describeStores } from '../support/stores.ts';

const entry = { actor: 'ann', action: 'install', object: 'x', outcome: 'allowed' as const };
const WRITERS = 8;
const ENTRIES_EACH = 25;

describe('the name of an object', () => {
  it.each([
    ['install/local/team-a/redis', 'team-a'],
    ['deployment/local/team-a/redis.x', 'team-a'],
    ['source/team-b/partner', 'team-b'],
    ['template/redis@1.0.0', undefined],
    ['plan/sha256:00', undefined],
    ['install', undefined],
    ['GET /api/v1/installs', undefined],
  ])('%s says the namespace %s', (object, namespace) => {
    expect(namespaceOfObject(object)).toBe(namespace);
  });

  it('of a publish is the template', () => {
    const target = { kind: 'publish', cluster: 'local', namespace: 'local', name: 'redis' } as const;
    expect(auditObject.target(target)).toBe('template/redis');
    expect(auditObject.target({ ...target, kind: 'install' })).toBe('install/local/local/redis');
  });
});

describeStores('the audit log', (lab) => {
  const read = (filter: AuditFilter, more: object = {}) =>
    lab.store.auditLog.read({ filter, order: 'oldest', limit: 1_000, ...more });
  const objects = async (filter: AuditFilter) => (await read(filter)).map(({ object }) => object);

  it('is read by each of its members', async () => {
    const operation = 'install.local.filter.redis.x';
    await lab.store.audit.append({ ...entry, actor: 'fred', object: 'install/local/filter/redis', operation });
    await lab.store.audit.append({
      ...entry,
      actor: 'fred',
      object: 'token/a',
      outcome: 'denied',
      code: 'forbidden',
      namespace: 'b',
    });
    await lab.store.audit.append({ ...entry, actor: 'fred', action: 'yank', object: 'template/a_c%' });
    await lab.store.audit.append({ ...entry, actor: 'fred', action: 'yank', object: 'template/abc' });
    const of = (filter: AuditFilter) => objects({ actor: 'fred', ...filter });
    expect(await of({})).toHaveLength(4);
    expect(await of({ action: 'yank' })).toEqual(['template/a_c%', 'template/abc']);
    // Nothing in a prefix is a wildcard.
    expect(await of({ object: 'template/a_' })).toEqual(['template/a_c%']);
    expect(await of({ object: 'template/' })).toEqual(['template/a_c%', 'template/abc']);
    expect(await of({ outcome: 'denied' })).toEqual(['token/a']);
    expect(await of({ code: 'forbidden' })).toEqual(['token/a']);
    expect(await of({ operation })).toEqual(['install/local/filter/redis']);
    expect(await of({ namespace: 'filter' })).toEqual(['install/local/filter/redis']);
    expect(await of({ namespace: 'b' })).toEqual(['token/a']);
    const [first] = await read({ actor: 'fred' });
    expect(first).toMatchObject({ id: expect.any(Number), namespace: 'filter', operation, outcome: 'allowed' });
    expect(await of({ from: first?.at ?? '' })).toHaveLength(4);
    expect(await of({ to: first?.at ?? '' })).toEqual([]);
  });

  it('is read in both directions, from an id to an id', async () => {
    for (const object of ['1', '2', '3', '4']) await lab.store.audit.append({ ...entry, actor: 'pat', object });
    const ids = (await read({ actor: 'pat' })).map(({ id }) => id);
    const pages = async (more: object) => (await read({ actor: 'pat' }, more)).map(({ object }) => object);
    expect(await pages({ order: 'newest', limit: 2 })).toEqual(['4', '3']);
    expect(await pages({ order: 'newest', upTo: ids[1] })).toEqual(['2', '1']);
    expect(await pages({ above: ids[1] })).toEqual(['3', '4']);
    expect(await pages({ above: ids[0], upTo: ids[2] })).toEqual(['2', '3']);
  });

  it('is complete up to where it says, whoever is writing at that moment', async () => {
    const values = `insert into audit (actor, action, object, outcome) values ('slow', 'a', 'o', 'allowed') returning id`;
    await lab.db.query('begin');
    const { rows } = await lab.db.query(values);
    let settled: number | undefined;
    const asked = lab.store.auditLog.settled().then((id) => {
      settled = id;
      return id;
    });
    // Written after, seen before: the id of the slow one is lower.
    const later = lab.store.audit.append({ ...entry, actor: 'fast' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(settled).toBeUndefined();
    await lab.db.query('commit');
    await later;
    const upTo = await asked;
    expect(upTo).toBeGreaterThanOrEqual(Number(rows[0].id));
    const [fast] = await read({ actor: 'fast' });
    expect(upTo < (fast?.id ?? 0) || (await read({ actor: 'slow' }, { upTo })).length === 1).toBe(true);
  });

  it('does not wait long for somebody who hangs, and lets the others write on', async () => {
    await lab.db.query('begin');
    await lab.db.query(`insert into audit (actor, action, object, outcome) values ('hung', 'a', 'o', 'allowed')`);
    await expect(lab.store.auditLog.settled()).toFailWith('store_unavailable');
    await lab.store.audit.append({ ...entry, actor: 'after-hung' });
    await lab.db.query('rollback');
    expect(await objects({ actor: 'after-hung' })).toEqual(['x']);
  });

  it('is followed without a gap while many write', async () => {
    const own = `many-${Date.now()}`;
    const seen: number[] = [];
    let above = await lab.store.auditLog.settled();
    let writing = true;
    const follower = (async () => {
      for (let last = false; !last; ) {
        last = !writing;
        const upTo = await lab.store.auditLog.settled();
        for (const { id } of await read({ actor: own }, { above, upTo })) seen.push(id);
        above = Math.max(above, upTo);
      }
    })();
    const write = async () => {
      for (let at = 0; at < ENTRIES_EACH; at += 1) await lab.store.audit.append({ ...entry, actor: own });
    };
    await Promise.all(Array.from({ length: WRITERS }, write));
    writing = false;
    await follower;
    expect(seen).toEqual((await read({ actor: own })).map(({ id }) => id));
    expect(seen).toHaveLength(WRITERS * ENTRIES_EACH);
  });
});
