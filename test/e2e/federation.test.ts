import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { readEvents } from '../../src/cli/sse.ts';
import { freshNamespace } from '../support/shop-lab.ts';
import { makeAuthority } from '../support/tls/authority.ts';
import { type Federation, openFederation } from '../support/tls/three-servers.ts';

/** Three servers over TLS of a private authority, each of which lists the other two. */

const NAMES = ['alpha', 'beta', 'gamma'] as const;
const OWN = ['anchor', 'barge', 'cable', 'common'];
let fleet: Federation;

beforeAll(async () => {
  const common = { name: 'common', version: '1.0.0', category: 'shared' };
  fleet = await openFederation({
    alpha: [common, { name: 'anchor', version: '1.0.0', category: 'iron' }],
    beta: [common, { name: 'barge', version: '2.0.0', category: 'hull', dependencies: [{ name: 'common', version: '^1.0.0' }] }],
    gamma: [common, { name: 'cable', version: '3.0.0', category: 'iron' }],
  });
}, 180_000);
afterAll(async () => await fleet?.close(), 60_000);

interface Hit {
  name: string;
  registry: string;
  alsoIn?: string[];
  digest?: string;
}

const refreshAll = async (name: string) => {
  for (const other of NAMES.filter((one) => one !== name))
    expect(await fleet.member(name).api.call('POST', `/api/v1/registries/${other}/refresh`)).toMatchObject({ status: 200 });
};
const search = async (name: string, query = 'limit=100&sort=name') =>
  (await fleet.member(name).api.get(`/api/v1/search?${query}`)).body;
const own = (page: { templates: Hit[] }) => page.templates.filter(({ name }) => OWN.includes(name));

/** Runs one statement on the store of a server. */
async function onStore(name: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: fleet.member(name).databaseUrl });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

/** Stops a server, makes what it holds of the others so old, and starts it again. */
async function startAgain(name: string, age: string): Promise<void> {
  await fleet.member(name).stop();
  await onStore(
    name,
    `update catalog_listings set listed_at = listed_at - interval '${age}', checked_at = checked_at - interval '${age}', error = null`,
  );
  await fleet.member(name).start();
}

/**
 * Asks until the answer is as it should be: a busy machine may take longer than a search waits, also for what is well. Gives the last
 * answer when none is.
 */
async function eventually<T>(ask: () => Promise<T>, until: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  for (let again = 0; again < 100 && !until(answer); again += 1) {
    await sleep(200);
    answer = await ask();
  }
  return answer;
}

describe('three servers that list each other', () => {
  it.each(NAMES)('show everything once, with where it comes from, on %s', async (name) => {
    await refreshAll(name);
    const page = await eventually(
      () => search(name),
      ({ errors }) => errors.length === 0,
    );
    expect(page).toMatchObject({ partial: false, errors: [], stale: [] });
    const names = page.templates.map((hit: Hit) => hit.name);
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toEqual(expect.arrayContaining(['redis', ...OWN]));
    const from = (member: string) => (member === name ? 'local' : member);
    expect(own(page).map(({ name: template, registry }) => [template, registry])).toEqual([
      ['anchor', from('alpha')],
      ['barge', from('beta')],
      ['cable', from('gamma')],
      // Equal bytes are told by the first that has them; a server's own come first.
      ['common', 'local'],
    ]);
    for (const template of ['common', 'redis'])
      expect(page.templates.find((hit: Hit) => hit.name === template).alsoIn.sort()).toEqual(NAMES.filter((one) => one !== name));
  });

  it('ask each other for what is their own, and no answer asks any further', async () => {
    for (const { proxy } of NAMES.map(fleet.member)) proxy.clear();
    for (const name of NAMES) {
      await refreshAll(name);
      for (const query of ['q=barge', 'q=nothing-like-it', 'category=iron&facets=true']) await search(name, query);
      await fleet.member(name).api.get('/api/v1/templates/cable?registry=gamma');
    }
    for (const name of NAMES) {
      const asked = fleet.member(name).proxy.requests();
      expect(asked.filter(({ path }) => path.startsWith('/api/v1/catalog'))).toHaveLength(2);
      // Two others, which each ask for a listing and look at no more than a few templates ahead.
      expect(asked.length).toBeLessThanOrEqual(2 * (1 + 4));
      expect(asked.filter(({ path }) => !path.includes('scope=local'))).toEqual([]);
    }
  });

  it('are paged by a cursor without a gap or a repetition, the same each time', async () => {
    const all = (await search('alpha')).templates.map(({ name }: Hit) => name);
    const paged = async () => {
      const seen: string[] = [];
      let cursor = '';
      do {
        const page = await search('alpha', `limit=3&sort=name${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
        seen.push(...page.templates.map(({ name }: Hit) => name));
        cursor = page.nextCursor ?? '';
      } while (cursor !== '');
      return seen;
    };
    expect(await paged()).toEqual(all);
    expect(await paged()).toEqual(all);
    const { nextCursor } = await search('alpha', 'limit=3&sort=name');
    const changed = `${nextCursor.slice(0, -1)}${nextCursor.endsWith('A') ? 'B' : 'A'}`;
    for (const cursor of [changed, nextCursor.slice(0, -2), 'x', 'é'])
      expect(
        await fleet.member('alpha').api.get(`/api/v1/search?limit=3&sort=name&cursor=${encodeURIComponent(cursor)}`),
      ).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
  });

  it('install from one another: the bytes that the other published, dependencies too', async () => {
    const { lab } = fleet;
    const { env, api } = fleet.member('alpha');
    const worker = await lab.startWorker({ env });
    const namespace = freshNamespace();
    const listed = own(await search('alpha')).find(({ name }) => name === 'barge');
    const operation = await api.ended(await api.install(namespace, 'beta/barge@2.0.0'));
    expect(operation.state).toBe('succeeded');
    const { body } = await api.get(`/api/v1/installs?namespace=${namespace}`);
    const found = body.installs.map((entry: Hit & { version: string }) => [entry.name, entry.version, entry.registry]);
    expect(found).toEqual([
      ['barge', '2.0.0', 'beta'],
      ['common', '1.0.0', expect.stringMatching(/^(beta|local)$/)],
    ]);
    const shown = await fleet.member('beta').api.get('/api/v1/templates/barge/versions?scope=local');
    const [{ digest }] = shown.body.versions;
    expect(body.installs[0]).toMatchObject({ digest });
    expect(listed?.digest ?? digest).toBe(digest);
    await worker.stop();
  }, 60_000);

  it('tell a live search what each has, in the order in which they answer', async () => {
    fleet.member('beta').proxy.setFaults([{ kind: 'delay', ms: 3_000, path: '/catalog' }]);
    fleet.member('gamma').proxy.setFaults([{ kind: 'delay', ms: 1_200, path: '/catalog' }]);
    await startAgain('alpha', '2 days');
    const { url, token } = fleet.member('alpha').api;
    const response = await fetch(`${url}/api/v1/search?sort=name&limit=100`, {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    });
    const events: Array<{ what: string; total: number; elapsedMs: number }> = [];
    for await (const event of readEvents(response.body as unknown as AsyncIterable<Uint8Array>)) {
      if (!event) continue;
      const { registry, total, elapsedMs } = JSON.parse(event.data);
      events.push({ what: registry ?? event.event, total, elapsedMs });
    }
    for (const name of ['beta', 'gamma']) fleet.member(name).proxy.setFaults([]);
    const remote = events.filter(({ what }) => what !== 'local');
    expect(remote.map(({ what }) => what)).toEqual(['held', 'gamma', 'beta', 'done']);
    expect(remote[2]?.elapsedMs).toBeGreaterThan(remote[1]?.elapsedMs ?? Number.POSITIVE_INFINITY);
    // Nothing was lost while it was old.
    expect(remote[0]?.total).toBe(remote[3]?.total);
  }, 60_000);
});

describe('the connection between them', () => {
  const tested = async () => (await fleet.member('alpha').api.call('POST', '/api/v1/registries/beta/test')).body;

  it('is told to be well, with the end of the certificate', async () => {
    expect(await tested()).toMatchObject({ ok: true, outcome: 'ok', credential: 'token', certificate: { days: 6 } });
  });

  it('is told to have an expired certificate, one of a stranger, or nobody behind it, each in its own words', async () => {
    const { front, proxy } = fleet.member('beta');
    front.show(await fleet.authority.issue(-1));
    expect(await tested()).toMatchObject({ ok: false, outcome: 'tls', message: expect.stringContaining('expired') });
    front.show(await (await makeAuthority('Somebody else')).issue());
    const stranger = await tested();
    expect(stranger).toMatchObject({ ok: false, outcome: 'tls' });
    expect(stranger.message).not.toContain('expired');
    front.show(await fleet.authority.issue());
    proxy.setFaults([{ kind: 'reset' }]);
    expect(await tested()).toMatchObject({ ok: false, outcome: 'unavailable' });
    proxy.setFaults([]);
    expect(await tested()).toMatchObject({ ok: true, outcome: 'ok' });
  });

  it('does not carry the credential to whoever has no valid certificate', async () => {
    const { front, proxy } = fleet.member('beta');
    proxy.clear();
    front.show(await (await makeAuthority('Somebody else')).issue());
    await tested();
    await fleet.member('alpha').api.call('POST', '/api/v1/registries/beta/refresh');
    expect(proxy.requests()).toEqual([]);
    front.show(await fleet.authority.issue());
  });
});

describe('one of them that is killed', () => {
  it('leaves what it listed, which is told to be old, and the others whole', async () => {
    const before = await search('alpha');
    await fleet.member('beta').kill();
    await startAgain('alpha', '20 minutes');
    const page = await eventually(
      () => search('alpha'),
      ({ errors }) => errors.length === 1,
    );
    expect(page.partial).toBe(true);
    expect(page.errors).toEqual([expect.objectContaining({ registry: 'beta', code: 'registry_unavailable' })]);
    expect(page.stale).toEqual([{ registry: 'beta', ageSeconds: expect.any(Number) }]);
    expect(page.stale[0].ageSeconds).toBeGreaterThanOrEqual(1_200);
    expect(page.stale[0].ageSeconds).toBeLessThan(1_500);
    expect(page.templates.map(({ name }: Hit) => name)).toEqual(before.templates.map(({ name }: Hit) => name));
    expect((await fleet.member('alpha').api.get('/api/v1/registries/beta')).body).toMatchObject({ status: 'stale' });
    // Whoever never had it from there sees the rest all the same.
    expect((await search('gamma')).templates.length).toBe(before.templates.length);
  }, 60_000);

  it('is there again after its next start', async () => {
    await fleet.member('beta').start();
    expect(await fleet.member('alpha').api.call('POST', '/api/v1/registries/beta/refresh')).toMatchObject({ status: 200 });
    const page = await eventually(
      () => search('alpha'),
      ({ errors }) => errors.length === 0,
    );
    expect(page).toMatchObject({ partial: false, errors: [], stale: [] });
  }, 60_000);
});
