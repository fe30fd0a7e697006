import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { NewRegistry } from '../../src/domain/registry-store.ts';
import type { ChangeEvent } from '../../src/domain/store.ts';
import { describeStores } from '../support/stores.ts';

const registry = (name: string, more: Partial<NewRegistry> = {}): NewRegistry => ({
  entry: { name, kind: 'helm', type: 'community', url: `https://${name}.example`, allowHttp: false },
  isDefault: false,
  by: 'ada',
  ...more,
});

describeStores('registries', (lab) => {
  const heard: ChangeEvent[] = [];
  let unsubscribe: () => void;
  beforeAll(async () => {
    unsubscribe = lab.store.changes.subscribe((event) => heard.push(event));
    await until(() => heard.length > 0);
  });
  afterAll(() => unsubscribe?.());
  beforeEach(async () => {
    await lab.db.query('delete from registries');
    heard.length = 0;
  });
  const store = () => lab.store.registries;

  it('are kept in the order in which they were added, and told as they change', async () => {
    const first = await store().add(registry('zulu', { credential: { type: 'token', sealed: 'k.sealed' } }));
    await store().add(registry('alpha'));
    expect((await store().list()).map(({ entry }) => entry.name)).toEqual(['zulu', 'alpha']);
    expect(await store().find('zulu')).toEqual(first);
    expect(first).toMatchObject({
      entry: { url: 'https://zulu.example' },
      credential: { type: 'token', sealed: 'k.sealed' },
      by: 'ada',
    });
    const changed = await store().change(first.revision, registry('zulu', { by: 'bob' }));
    expect(changed).toMatchObject({ by: 'bob', createdAt: first.createdAt });
    expect(changed.credential).toBeUndefined();
    await store().remove('zulu', changed.revision);
    expect(await store().find('zulu')).toBeUndefined();
    await until(() => heard.length === 4);
    expect(heard).toEqual(['zulu', 'alpha', 'zulu', 'zulu'].map((name) => ({ type: 'registries.changed', name })));
  });

  it('refuse a name that is there', async () => {
    await store().add(registry('one'));
    await expect(store().add(registry('one'))).toFailWith('registry_exists');
    expect(heard.length).toBeLessThan(2);
  });

  it('change exactly the state that was seen, whoever is first', async () => {
    const seen = await store().add(registry('one'));
    const raced = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((by) => store().change(seen.revision, registry('one', { by }))),
    );
    expect(raced.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of raced)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'registry_changed' });
    await expect(store().remove('one', seen.revision)).toFailWith('registry_changed');
    await expect(store().change('999999', registry('two'))).toFailWith('registry_changed');
    // Nor is it the same state when the name comes back.
    const now = await store().find('one');
    await store().remove('one', now?.revision ?? '');
    expect((await store().add(registry('one'))).revision).not.toBe(seen.revision);
  });

  it('have one default at most, however many want to be it', async () => {
    const wish = { isDefault: true };
    await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((name) => store().add(registry(name, wish))));
    const all = await store().list();
    expect(all.filter(({ isDefault }) => isDefault)).toHaveLength(1);
    const before = all.find(({ isDefault }) => isDefault);
    const next = await store().add(registry('next', wish));
    const after = await store().find(before?.entry.name ?? '');
    expect([next.isDefault, after?.isDefault]).toEqual([true, false]);
    // For whoever is about to change it, it is another one now.
    expect(after?.revision).not.toBe(before?.revision);
  });

  it('are a thousand at most', async () => {
    await lab.db.query(
      "insert into registries (name, entry, is_default, changed_by) select 'r' || n, '{}', false, 'x' from generate_series(1, 1000) n",
    );
    await expect(store().add(registry('one-more'))).toFailWith('invalid_request');
    expect(await store().list()).toHaveLength(1_000);
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5_000; !holds() && Date.now() < deadline; )
    await new Promise((resolve) => setTimeout(resolve, 20));
}
