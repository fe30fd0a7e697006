import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Catalog } from '../../src/catalog/index.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { CatalogLab } from '../support/catalog-lab.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';

const MINUTE = 60_000;
const lab = new CatalogLab();
let proxy: FaultProxy;
let time = Date.now();
let scope = 0;

beforeAll(async () => {
  await lab.open();
  ({ proxy } = await lab.serve('alpha', [
    { name: 'redis', version: '7.0.0' },
    { name: 'web', version: '1.0.0' },
  ]));
}, 60_000);
afterAll(() => lab.close(), 60_000);
beforeEach(() => {
  lab.calm();
  time = Date.now();
  scope += 1;
});

/** A catalog as another server, or the same one after a restart, would open it. */
function open(options: { scope?: string; limits?: object } = {}): Catalog {
  return lab.catalog(['alpha'], {
    now: () => time,
    limits: { prefetch: 0, ...options.limits },
    scope: options.scope ?? `c${scope}`,
    more: { details: lab.store.details },
  });
}

const fetched = (name: string) => proxy.count('GET', `/api/v1/templates/${name}`);
const isKept = (name: string) => lab.store.details.find({ registry: 'alpha', scope: `c${scope}` }, name, '');

async function kept(name: string): Promise<void> {
  for (let tries = 0; tries < 200 && !(await isKept(name)); tries += 1) await sleep(10);
}

describe('what is held of a template', () => {
  it('is there for the next start and for other servers', async () => {
    await open().template('redis');
    await kept('redis');
    const later = open();
    expect(await later.template('redis')).toMatchObject({ name: 'redis', version: '7.0.0' });
    expect(fetched('redis')).toBe(1);
    expect((await later.health('alpha')).figures).toMatchObject({ cacheHits: 1, cacheMisses: 0 });
  });

  it('is compressed at rest', async () => {
    await open().template('redis');
    await kept('redis');
    const body = (await isKept('redis'))?.body ?? Buffer.alloc(0);
    expect([...body.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
  });

  it('is served with its age after a restart while the registry is away', async () => {
    await open().template('redis');
    await kept('redis');
    proxy.setFaults([{ kind: 'status', status: 503 }]);
    time += 3 * 60 * MINUTE;
    const shown = await open().template('redis');
    expect(shown.stale).toMatchObject({ error: { registry: 'alpha', code: 'registry_unavailable' } });
    expect(shown.stale?.ageSeconds).toBeGreaterThanOrEqual(3 * 3_600);
  });

  it('belongs to the credential it was fetched with', async () => {
    await open().template('redis');
    await kept('redis');
    await open({ scope: `d${scope}` }).template('redis');
    expect(fetched('redis')).toBe(2);
  });

  it('is fetched anew after the time that is configured', async () => {
    const catalog = open({ limits: { templateMs: MINUTE } });
    await catalog.template('redis');
    time += MINUTE + 1;
    await catalog.template('redis');
    expect(fetched('redis')).toBe(2);
  });

  it('does not hinder anybody when the store is away', async () => {
    const away = () => Promise.reject(new Error('away'));
    const details = { find: away, save: away, retain: away, forget: away };
    const catalog = lab.catalog(['alpha'], { limits: { prefetch: 0 }, more: { details } });
    expect(await catalog.template('redis')).toMatchObject({ version: '7.0.0' });
  });

  it('goes, at rest too, when a new listing says that it is another one', async () => {
    const server = await lab.serve(`moving-${scope}`, [
      { name: 'redis', version: '7.0.0' },
      { name: 'web', version: '1.0.0' },
    ]);
    const catalog = lab.catalog([server.name], { scope: 'm', limits: { prefetch: 0 }, more: { details: lab.store.details } });
    await catalog.refresh(server.name);
    await Promise.all([catalog.template('redis'), catalog.template('web')]);
    const held = (name: string) => lab.store.details.find({ registry: server.name, scope: 'm' }, name, '');
    for (let tries = 0; tries < 200 && !((await held('redis')) && (await held('web'))); tries += 1) await sleep(10);
    await server.folder.add({ name: 'redis', version: '7.1.0' });
    // The server looks into its folder once a second.
    await sleep(1_100);
    await catalog.refresh(server.name);
    for (let tries = 0; tries < 200 && (await held('redis')); tries += 1) await sleep(10);
    expect([await held('redis'), (await held('web'))?.identity]).toEqual([undefined, expect.stringContaining('1.0.0')]);
    expect(await catalog.template('redis')).toMatchObject({ version: '7.1.0' });
  });
});

describe('what another server has found out', () => {
  it('holds here too: a changed template is not shown as it was, and the others are not fetched again', async () => {
    const {
      name,
      proxy: own,
      folder,
    } = await lab.serve(`shared-${scope}`, [
      { name: 'redis', version: '7.0.0' },
      { name: 'web', version: '1.0.0' },
    ]);
    const server = () =>
      lab.catalog([name], {
        now: () => time,
        scope: 's',
        limits: { prefetch: 0, templateMs: 60 * MINUTE },
        more: { details: lab.store.details },
      });
    const [one, two] = [server(), server()];
    await one.refresh(name);
    for (const catalog of [one, two]) {
      await catalog.search({});
      await Promise.all([catalog.template('redis'), catalog.template('web')]);
    }
    await folder.add({ name: 'web', version: '1.1.0' });
    await sleep(1_100);
    await one.refresh(name);
    await sleep(200);
    time += 20 * MINUTE;
    await two.search({});
    expect(await two.template('web')).toMatchObject({ version: '1.1.0' });
    await two.template('redis');
    expect(own.count('GET', '/api/v1/templates/redis')).toBe(1);
  });

  it('holds for the one that listed it first as well', async () => {
    const { name, folder } = await lab.serve(`first-${scope}`, [{ name: 'web', version: '1.0.0' }]);
    const server = () =>
      lab.catalog([name], {
        now: () => time,
        scope: 'f',
        limits: { prefetch: 0, templateMs: 60 * MINUTE },
        more: { details: lab.store.details },
      });
    const [first, other] = [server(), server()];
    await first.refresh(name);
    await first.template('web');
    await folder.add({ name: 'web', version: '1.1.0' });
    await sleep(1_100);
    await other.refresh(name);
    time += 20 * MINUTE;
    await first.search({});
    expect(await first.template('web')).toMatchObject({ version: '1.1.0' });
  });

  it('makes up for a listing that could not be written here because another one was writing it', async () => {
    const { name } = await lab.serve(`busy-${scope}`, [{ name: 'web', version: '1.0.0' }]);
    const { catalog } = lab.store;
    const store: typeof catalog = {
      ...catalog,
      async replace(...given) {
        await catalog.replace(...given);
        throw new ChandleryError('store_unavailable', 'was renewed by another server while it was being read');
      },
    };
    expect(await lab.catalog([name], { store }).search({})).toMatchObject({ total: 1, partial: false });
  });
});

describe('a search', () => {
  it('has the details of its first hits fetched ahead, a live one too', async () => {
    const catalog = open({ limits: { prefetch: 1 } });
    await catalog.search({ q: 'web' });
    await kept('web');
    for await (const event of catalog.searchLive({ q: 'redis' }, new AbortController().signal)) expect(event.event).toBeDefined();
    await kept('redis');
    expect([fetched('web'), fetched('redis')]).toEqual([1, 1]);
    await catalog.template('redis');
    expect(fetched('redis')).toBe(1);
  });

  it('asks whether the listing has changed after the time that is configured', async () => {
    const catalog = open({ limits: { searchMs: MINUTE } });
    await catalog.search({});
    await catalog.search({});
    const listings = () => proxy.count('GET', '/api/v1/catalog');
    expect(listings()).toBe(1);
    time += 2 * MINUTE;
    await catalog.search({});
    expect(listings()).toBe(2);
  });
});
