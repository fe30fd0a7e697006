import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CatalogLab } from '../support/catalog-lab.ts';

const lab = new CatalogLab();

beforeAll(async () => {
  await lab.open();
  await lab.serve('first', [
    { name: 'redis', version: '7.0.0', description: 'The redis of the first, which is one of two.' },
    { name: 'web', version: '1.0.0' },
  ]);
  await lab.serve('second', [
    { name: 'redis', version: '7.0.0', description: 'The redis of the second, which is another.' },
    { name: 'web', version: '1.0.0' },
    { name: 'web', version: '2.0.0' },
  ]);
}, 60_000);
afterAll(() => lab.close(), 60_000);
beforeEach(() => lab.calm());

describe('a name that several registries have', () => {
  it('is listed once for each that says something else of it, in the order of the registries', async () => {
    const { templates, total } = await lab.catalog().search({ sort: 'name' });
    expect(templates.map(({ name, version, registry }) => [name, version, registry])).toEqual([
      ['redis', '7.0.0', 'first'],
      ['redis', '7.0.0', 'second'],
      ['web', '1.0.0', 'first'],
      ['web', '2.0.0', 'second'],
    ]);
    expect(total).toBe(4);
  });

  it('means the default registry when no other is named, and never silently another', async () => {
    const catalog = lab.catalog();
    expect(await catalog.template('redis')).toMatchObject({ registry: 'first', description: expect.stringContaining('first') });
    expect(await catalog.template('redis', { registry: 'second' })).toMatchObject({ registry: 'second' });
    await expect(catalog.template('web', { version: '2.0.0' })).toFailWith('version_not_found');
    lab.proxy('first').setFaults([{ kind: 'reset' }]);
    await expect(lab.catalog().template('redis')).rejects.toMatchObject({ code: 'registry_unavailable' });
  });
});

describe('a storm of 429', () => {
  it('is answered with quiet: two hundred searches and refreshes of all kinds ask once', async () => {
    const time = Date.now();
    const catalog = lab.catalog(undefined, { now: () => time });
    lab.proxy('second').setFaults([{ kind: 'status', status: 429, headers: { 'retry-after': '60' } }]);
    await catalog.search({});
    const calls = Array.from({ length: 200 }, (_, at) => catalog.search({ q: `q${at % 7}`, limit: 1 + (at % 20) }));
    const pages = await Promise.all(calls);
    await expect(catalog.template('web', { registry: 'second' })).toFailWith('rate_limit');
    expect(lab.proxy('second').requests()).toHaveLength(1);
    for (const page of pages) expect(page).toMatchObject({ partial: true, errors: [{ registry: 'second', code: 'rate_limit' }] });
    // The other one does not suffer for it.
    expect(lab.proxy('first').count('GET', '/catalog')).toBe(1);
    expect((await catalog.search({ q: 'redis' })).templates).toHaveLength(1);
  });

  it('ends when the registry has had its pause', async () => {
    let time = Date.now();
    const catalog = lab.catalog(['second'], { now: () => time });
    lab.proxy('second').setFaults([{ kind: 'status', status: 429, headers: { 'retry-after': '60' } }]);
    await catalog.search({});
    lab.proxy('second').setFaults([]);
    time += 59_000;
    await expect(catalog.search({})).resolves.toMatchObject({ partial: true });
    time += 2_000;
    await expect(catalog.search({})).resolves.toMatchObject({ partial: false, total: 2 });
    expect(lab.proxy('second').count('GET', '/catalog')).toBe(2);
  });
});
