import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CatalogStore } from '../../src/domain/catalog.ts';
import { CatalogLab } from '../support/catalog-lab.ts';

/** What has been read reaches its reader so late, milliseconds. */
const SLOW_READ_MS = 400;
/** The second listing is written while the store is being read after the first, milliseconds. */
const LATER_MS = 150;

const lab = new CatalogLab();
beforeAll(async () => {
  await lab.open();
  await lab.serve('first', [{ name: 'one', version: '1.0.0' }]);
  await lab.serve('second', [{ name: 'two', version: '1.0.0' }]);
}, 60_000);
afterAll(() => lab.close());

describe('listings', () => {
  describe('when one is written while the store is being read after another', () => {
    it('sees both', async () => {
      const real = lab.store.catalog;
      const states = async () => {
        const found = await real.states();
        await sleep(SLOW_READ_MS);
        return found;
      };
      const store = new Proxy<CatalogStore>(real, {
        get: (target, member: keyof CatalogStore) => (member === 'states' ? states : target[member].bind(target)),
      });
      const catalog = lab.catalog(undefined, { store });
      await catalog.registries();
      const later = async () => {
        await sleep(LATER_MS);
        return await catalog.refresh('second');
      };
      await Promise.all([catalog.refresh('first'), later()]);
      expect((await catalog.registries()).map(({ name, status, templates }) => `${name} ${status} ${templates}`)).toEqual([
        'first ok 1',
        'second ok 1',
      ]);
    });
  });
});
