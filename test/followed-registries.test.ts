import { describe, expect, it } from '@jest/globals';
import type { UsableAdded } from '../src/added-registries.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import type { RegistryPlugin } from '../src/domain/registry.ts';
import type { ChangeEvent } from '../src/domain/store.ts';
import { followRegistries } from '../src/followed-registries.ts';
import { createLogger } from '../src/logger.ts';

const log = createLogger('silent');

/** What the store would say, and who listens to it. */
function source() {
  const listeners = new Set<(event: ChangeEvent) => void>();
  const lab = {
    rows: 0,
    reads: 0,
    fail: false,
    used: [] as UsableAdded[],
    tell: (event: ChangeEvent) => {
      for (const listener of listeners) listener(event);
    },
    listeners,
  };
  const store = {
    registries: {
      list: async () => {
        lab.reads += 1;
        const { rows } = lab;
        await new Promise((resolve) => setTimeout(resolve, 10));
        if (lab.fail) throw new ChandleryError('store_unavailable', 'away');
        return Array.from({ length: rows });
      },
    },
    changes: {
      publish: async () => undefined,
      subscribe: (listener: (event: ChangeEvent) => void) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
  };
  const read = async (rows: readonly unknown[]) =>
    ({
      registries: rows.map((_, at) => ({ config: { name: `r${at}` }, revision: `${at}` })),
      problems: [],
    }) as unknown as UsableAdded;
  const followed = followRegistries({ store: store as never, read }, { log, use: (added) => void lab.used.push(added) });
  return { lab, followed };
}

describe('the registries of a process', () => {
  it('are read again after a change that came while they were being read', async () => {
    const { lab, followed } = source();
    const first = followed.reload();
    await new Promise((resolve) => setTimeout(resolve, 2));
    lab.rows = 1;
    const seen = Promise.all([followed.reload(), followed.reload()]);
    await first;
    expect(followed.current().registries).toHaveLength(0);
    await seen;
    expect(followed.current().registries).toHaveLength(1);
    expect(lab.reads).toBe(2);
    followed.close();
  });

  it('are used once for each change, and told again to a listener that failed', async () => {
    const { lab, followed } = source();
    let calls = 0;
    followed.onChange(async () => {
      calls += 1;
      if (calls === 1) throw new Error('not now');
    });
    await expect(followed.reload()).rejects.toThrow('not now');
    for (let times = 0; times < 3; times += 1) await followed.reload();
    expect(calls).toBe(2);
    lab.rows = 2;
    lab.tell({ type: 'registries.changed', name: 'x' });
    await followed.reload();
    expect([calls, followed.current().registries.length]).toEqual([3, 2]);
    followed.close();
  });

  it('stay as they are while the store is away, and hear of nothing else', async () => {
    const { lab, followed } = source();
    lab.rows = 1;
    await followed.reload();
    lab.fail = true;
    await expect(followed.reload()).toFailWith('store_unavailable');
    expect(followed.current().registries).toHaveLength(1);
    const { reads } = lab;
    lab.tell({ type: 'published.changed', name: 'x' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(lab.reads).toBe(reads);
    followed.close();
    expect(lab.listeners.size).toBe(0);
  });
});

describe('findRegistry', () => {
  const known = new Map<string, RegistryPlugin>();
  const get = (name: string) => {
    const found = known.get(name);
    if (!found) throw new ChandleryError('registry_not_found', name);
    return found;
  };

  it('looks once more before it refuses a name', async () => {
    let reloads = 0;
    const reload = async () => {
      reloads += 1;
      known.set('late', { name: 'late' } as RegistryPlugin);
    };
    expect((await findRegistry({ get, reload }, 'late')).name).toBe('late');
    expect((await findRegistry({ get, reload }, 'late')).name).toBe('late');
    await expect(findRegistry({ get, reload }, 'never')).toFailWith('registry_not_found');
    expect(reloads).toBe(2);
    await expect(findRegistry({ get }, 'never')).toFailWith('registry_not_found');
  });

  it('says that it could not look', async () => {
    const reload = async () => {
      throw new ChandleryError('store_unavailable', 'away');
    };
    await expect(findRegistry({ get, reload }, 'never')).toFailWith('store_unavailable');
  });
});
