import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createStore } from '../../src/adapters/store/index.ts';
import { createTemplateCounter } from '../../src/adapters/store/template-counter.ts';
import type { TemplateSummary } from '../../src/domain/registry.ts';
import type { TemplateCount } from '../../src/domain/template-metrics.ts';
import { describeStores, type StoreLab } from '../support/stores.ts';

const good = { ok: true, latencyMs: 12, bytes: 2_048, bytesPerSecond: 170_666, certificateEndsAt: '2027-01-01T00:00:00.000Z' };
const bad = { ok: false, code: 'registry_unavailable' as const, message: 'nul \0 and text', latencyMs: 30_000, bytes: 0 };

function summary(name: string, registry: string): TemplateSummary {
  const digest = `sha256:${'a'.repeat(64)}`;
  return { name, version: '1.0.0', description: 'x', tags: [], type: 'manifests', registry, registryType: 'community', digest };
}

async function list(lab: StoreLab, registry: string, names: string[]): Promise<void> {
  const templates = async function* () {
    yield names.map((name) => summary(name, registry));
  };
  const state = () => ({ problems: [], problemCount: 0 });
  await lab.store.catalog.replace({ registry, scope: 'ab' }, templates(), state);
}

describeStores('health and metrics', (lab) => {
  describe('the checks of registries', () => {
    it('are read newest first, and the newest of each', async () => {
      const [one, other] = [randomUUID(), randomUUID()];
      await lab.store.health.record(one, bad);
      await lab.store.health.record(one, good);
      await lab.store.health.record(other, bad);
      const found = await lab.store.health.checks(one, 10);
      expect(found).toMatchObject([good, { ...bad, message: 'nul  and text' }]);
      expect(await lab.store.health.checks(one, 1)).toHaveLength(1);
      const latest = await lab.store.health.latest();
      expect([latest.get(one)?.ok, latest.get(other)?.ok]).toEqual([true, false]);
    });

    it('are forgotten after a day', async () => {
      const registry = randomUUID();
      await lab.store.health.record(registry, good);
      await lab.db.query("update registry_health set at = at - interval '25 hours' where registry = $1", [registry]);
      await lab.store.health.record('another', good);
      expect(await lab.store.health.checks(registry, 10)).toEqual([]);
    });
  });

  describe('the counts of templates', () => {
    it('add up, over servers and registries', async () => {
      const name = `shop-${randomUUID()}`;
      await list(lab, 'main', [name]);
      const count = (registry: string, metric: TemplateCount['metric'], value: string, more: number) => ({
        ...{ name, registry, metric, value, count: more },
      });
      await lab.store.templateMetrics.add([count('main', 'search', '', 3), count('main', 'install', 'failed', 1)]);
      await lab.store.templateMetrics.add([count('main', 'search', '', 4), count('', 'error', 'network', 1)]);
      expect(await lab.store.templateMetrics.of(name)).toEqual([
        count('', 'error', 'network', 1),
        count('main', 'install', 'failed', 1),
        count('main', 'search', '', 7),
      ]);
      expect(await lab.store.templateMetrics.of(name, '')).toHaveLength(1);
    });

    it('are kept only for templates that some registry lists', async () => {
      const name = `unheard-of-${randomUUID()}`;
      await lab.store.templateMetrics.add([{ name, registry: '', metric: 'error', value: 'network', count: 1 }]);
      const { rows } = await lab.db.query('select * from template_metrics where name = $1', [name]);
      expect(rows).toEqual([]);
    });

    it('do not meet each other when servers write at the same time', async () => {
      const names = Array.from({ length: 40 }, () => `busy-${randomUUID()}`);
      await list(lab, 'busy', names);
      const counts = names.map((name) => ({ name, registry: 'busy', metric: 'search' as const, value: '', count: 1 }));
      const writers = Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? counts : counts.toReversed()));
      await Promise.all(writers.map((some) => lab.store.templateMetrics.add(some)));
      for (const name of names) expect(await lab.store.templateMetrics.of(name)).toMatchObject([{ count: 8 }]);
    });

    it('are written at once where there are few, and later where there are many', async () => {
      const sizes: number[] = [];
      const add = async (counts: readonly TemplateCount[]) => void sizes.push(counts.length);
      const counter = createTemplateCounter({ ...lab.store.templateMetrics, add }, 20);
      counter.count({ name: 'few', metric: 'search' });
      await sleep(70);
      expect(sizes).toEqual([1]);
      for (let n = 0; n < 1_500; n += 1) counter.count({ name: `many-${n}`, metric: 'search' });
      await sleep(70);
      expect(sizes).toEqual([1]);
      await counter.close();
      expect(sizes).toEqual([1, 1_000, 500]);
    });

    it('are held while the store is away, and written together', async () => {
      const name = `held-${randomUUID()}`;
      await list(lab, 'held', [name]);
      let isAway = true;
      const calls: number[] = [];
      const counter = createTemplateCounter({
        ...lab.store.templateMetrics,
        add: async (counts) => {
          calls.push(counts.length);
          if (isAway) throw new Error('away');
          await lab.store.templateMetrics.add(counts);
        },
      });
      counter.count({ name, registry: 'held', metric: 'search' });
      await counter.flush();
      counter.count({ name, registry: 'held', metric: 'search' });
      isAway = false;
      await counter.close();
      expect(calls).toEqual([1, 1]);
      expect(await lab.store.templateMetrics.of(name)).toMatchObject([{ metric: 'search', count: 2 }]);
    });
  });

  describe('details at rest', () => {
    const source = () => ({ registry: randomUUID(), scope: 'ab' });
    const body = gzipSync('{"name":"redis"}');

    it('are those of one source, one template and one version', async () => {
      const mine = source();
      const held = { fetchedAt: 1_700_000_000_000, identity: '1 sha256:x', body };
      await lab.store.details.save(mine, 'redis', '', held);
      expect(await lab.store.details.find(mine, 'redis', '')).toEqual(held);
      expect(await lab.store.details.find(mine, 'redis', '1.0.0')).toBeUndefined();
      expect(await lab.store.details.find({ ...mine, scope: 'cd' }, 'redis', '')).toBeUndefined();
      await lab.store.details.forget(mine, 'redis', '');
      expect(await lab.store.details.find(mine, 'redis', '')).toBeUndefined();
    });

    it('are not replaced by older ones, and go when their template is another one', async () => {
      const mine = source();
      await lab.store.details.save(mine, 'redis', '', { fetchedAt: 2_000, identity: 'new', body });
      await lab.store.details.save(mine, 'redis', '', { fetchedAt: 1_000, identity: 'old', body });
      await lab.store.details.save(mine, 'redis', '1.0.0', { fetchedAt: 2_000, body });
      await lab.store.details.save(mine, 'web', '', { fetchedAt: 2_000, identity: 'gone', body });
      await lab.store.details.retain(mine, (name, identity) => name === 'redis' && identity === 'new');
      expect(await lab.store.details.find(mine, 'redis', '')).toMatchObject({ fetchedAt: 2_000, identity: 'new' });
      expect(await lab.store.details.find(mine, 'redis', '1.0.0')).toBeUndefined();
      expect(await lab.store.details.find(mine, 'web', '')).toBeUndefined();
    });
  });

  describe('verdicts of scans', () => {
    it('are believed for as long as it is configured, and longer for what was already let in', async () => {
      const hasty = createStore({ url: lab.url, onIdleError: () => undefined, verdictMs: 60_000 });
      const digest = `sha256:${randomUUID()}`;
      const verdict = { contentHash: 'e', files: 1 } as unknown as Parameters<typeof hasty.scans.save>[2];
      await hasty.scans.save(digest, 'r1', verdict);
      expect(await hasty.scans.find(digest, 'r1')).toEqual(verdict);
      await lab.db.query("update scans set created_at = now() - interval '2 minutes' where digest = $1", [digest]);
      expect(await hasty.scans.find(digest, 'r1')).toBeUndefined();
      expect(await hasty.scans.find(digest, 'r1', { anyAge: true })).toEqual(verdict);
      expect(await lab.store.scans.find(digest, 'r1')).toEqual(verdict);
      await hasty.close();
    });
  });
});
