import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CatalogLab } from '../support/catalog-lab.ts';

const lab = new CatalogLab();
beforeAll(async () => {
  await lab.open();
  await lab.serve('first', [{ name: 'one', version: '1.0.0' }]);
}, 60_000);
afterAll(() => lab.close());

describe('a listing that is said to be old', () => {
  it('is fetched before the next search answers, however young it is', async () => {
    const catalog = lab.catalog(['first']);
    const total = async () => (await catalog.search({})).total;
    expect(await total()).toBe(1);
    const server = lab.servers.get('first');
    await server?.folder.add({ name: 'two', version: '1.0.0' });
    // The server itself looks into its folder once a second.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await total()).toBe(1);
    catalog.expire('first');
    expect(await total()).toBe(2);
    const before = server?.proxy.count('GET', '/catalog') ?? 0;
    expect(await total()).toBe(2);
    expect(server?.proxy.count('GET', '/catalog')).toBe(before);
  });

  it('is fetched once more when it is said while it is being fetched', async () => {
    const catalog = lab.catalog(['first']);
    await catalog.search({});
    const proxy = lab.servers.get('first')?.proxy;
    const before = proxy?.count('GET', '/catalog') ?? 0;
    proxy?.setFaults([{ kind: 'delay', ms: 300, path: '/catalog', times: 1 }]);
    catalog.expire('first');
    while (proxy?.count('GET', '/catalog') === before) await new Promise((resolve) => setTimeout(resolve, 10));
    // However often it is said meanwhile: the next fetch begins after all of them.
    for (let n = 0; n < 5; n += 1) catalog.expire('first');
    await catalog.search({});
    expect(proxy?.count('GET', '/catalog')).toBe(before + 2);
  });

  it('may be of a registry that is not there', () => {
    expect(() => lab.catalog(['first']).expire('nowhere')).not.toThrow();
  });
});
