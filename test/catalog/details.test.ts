import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Catalog } from '../../src/catalog/index.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { CatalogLab } from '../support/catalog-lab.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';

const lab = new CatalogLab();
const MINUTE = 60_000;
let proxy: FaultProxy;
let time = Date.now();
let catalog: Catalog;

beforeAll(async () => {
  await lab.open();
  const { proxy: first } = await lab.serve('alpha', [
    { name: 'redis', version: '7.0.0' },
    { name: 'web', version: '1.0.0' },
  ]);
  proxy = first;
  await lab.serve('beta', [
    { name: 'redis', version: '6.0.0' },
    { name: 'kafka', version: '1.0.0' },
  ]);
}, 60_000);
afterAll(() => lab.close(), 60_000);
beforeEach(() => {
  lab.calm();
  time = Date.now();
  catalog = lab.catalog(undefined, { now: () => time, limits: { prefetch: 0 } });
});

const fetched = (name: string) => proxy.count('GET', `/api/v1/templates/${name}`);

async function failureOf(promise: Promise<unknown>): Promise<ChandleryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ChandleryError) return error;
  throw new Error(`no ChandleryError: ${String(error)}`);
}

describe('the detail of a template', () => {
  it('is fetched once for all who ask at the same time, and held for an hour', async () => {
    const all = await Promise.all([catalog.template('redis'), catalog.template('redis'), catalog.template('redis')]);
    expect(all.map(({ registry, version }) => `${registry} ${version}`)).toEqual(Array(3).fill('alpha 7.0.0'));
    expect(fetched('redis')).toBe(1);
    time += 59 * MINUTE;
    await catalog.template('redis');
    expect(fetched('redis')).toBe(1);
    time += 2 * MINUTE;
    await catalog.template('redis');
    expect(fetched('redis')).toBe(2);
    await expect(catalog.health('alpha')).resolves.toMatchObject({ figures: { cacheHits: 1, cacheMisses: 4 } });
  });

  it('is the one of the registry that is named', async () => {
    await expect(catalog.template('redis', { registry: 'beta' })).resolves.toMatchObject({ registry: 'beta', version: '6.0.0' });
    await expect(catalog.template('redis', { registry: 'nope' })).toFailWith('registry_not_found');
  });

  it('is shown with its age while the registry is away', async () => {
    await catalog.template('redis');
    proxy.setFaults([{ kind: 'reset' }]);
    time += 90 * MINUTE;
    const shown = await catalog.template('redis');
    expect(shown).toMatchObject({ version: '7.0.0', stale: { ageSeconds: 5400, error: { registry: 'alpha' } } });
  });

  it('is dropped when the listing says that it is another one now, and only then', async () => {
    const server = lab.servers.get('alpha');
    await catalog.refresh('alpha');
    await Promise.all([catalog.template('redis'), catalog.template('web')]);
    await server?.folder.add({ name: 'web', version: '1.1.0' });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await expect(catalog.refresh('alpha')).resolves.toMatchObject({ state: 'changed', written: 1, removed: 0 });
    await expect(catalog.template('web')).resolves.toMatchObject({ version: '1.1.0' });
    await catalog.template('redis');
    expect(fetched('web')).toBe(2);
    expect(fetched('redis')).toBe(1);
    await expect(catalog.refresh('alpha')).resolves.toMatchObject({ state: 'unchanged', written: 0, templates: 2 });
  });

  it('is fetched ahead for the first hits of a search', async () => {
    const eager = lab.catalog(['alpha'], { limits: { prefetch: 1 } });
    await eager.search({ q: 'redis' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(fetched('redis')).toBe(1);
    await eager.template('redis');
    expect(fetched('redis')).toBe(1);
  });
});

describe('when a template cannot be shown', () => {
  it('names others that may be meant', async () => {
    await catalog.search({});
    const missing = await failureOf(catalog.template('kafak'));
    expect(missing.code).toBe('template_not_found');
    expect(missing.details.alternatives).toContain('beta/kafka');
    expect((await failureOf(catalog.template('kafka'))).details.alternatives).toContain('beta/kafka');
  });

  it('names another registry that has the same when this one is away', async () => {
    await catalog.search({});
    proxy.setFaults([{ kind: 'reset' }]);
    const away = await failureOf(catalog.template('redis'));
    expect(away).toMatchObject({ code: 'registry_unavailable', details: { registry: 'alpha' } });
    expect(away.details.alternatives?.[0]).toBe('beta/redis');
  });

  it('tries a second time, and no more', async () => {
    proxy.setFaults([{ kind: 'reset', times: 1 }]);
    await expect(catalog.template('redis')).resolves.toMatchObject({ version: '7.0.0' });
    expect(fetched('redis')).toBe(2);
    proxy.setFaults([{ kind: 'status', status: 503 }]);
    await expect(catalog.template('web')).toFailWith('registry_unavailable');
    expect(fetched('web')).toBe(2);
  });
});
