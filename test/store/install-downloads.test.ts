import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { StepContext } from '../../src/domain/effects.ts';
import { LOCAL_CLUSTER, LOCAL_REGISTRY } from '../../src/domain/operation.ts';
import type { InstallItem } from '../../src/domain/store.ts';
import { freshNamespace } from '../support/shop-lab.ts';
import { describeStores, fenced, itemOf, materialise, operationOn, type TestOperation } from '../support/stores.ts';

/** A name that no other test counts. */
const freshName = () => `t-${randomUUID().slice(0, 8)}`;
const item = (name: string, version = '1.0.0', registry: string = LOCAL_REGISTRY): InstallItem => {
  const made = itemOf(name, version);
  return { ...made, locked: { ...made.locked, registry } };
};

describeStores('counting installs as downloads', (lab) => {
  const where = ({ target }: TestOperation) => ({ cluster: LOCAL_CLUSTER, namespace: target.namespace });
  const count = (operation: TestOperation, context: StepContext) =>
    lab.store.published.countInstall({ ...context, step: 'update-cache' }, where(operation));
  const countsOf = async (...names: string[]) => {
    const { rows } = await lab.db.query<{ line: string }>(
      `select name || ' ' || version || ' ' || count as line from template_downloads where name = any($1) order by name, version`,
      [names],
    );
    return rows.map(({ line }) => line);
  };
  /** An install by all its steps but the counting. */
  const installed = async (namespace: string, items: InstallItem[], replayed?: { root: string; generation: number }) => {
    const operation = operationOn(namespace, items.at(-1)?.locked.name ?? '', replayed);
    const context = await fenced(lab, operation, 'install');
    await materialise(lab, context, items);
    return { operation, context };
  };

  it('counts one for each version of this server that the install changed, dependencies too', async () => {
    const [shop, web, far] = [freshName(), freshName(), freshName()];
    const namespace = freshNamespace();
    const first = await installed(namespace, [item(web), item(far, '1.0.0', 'main'), item(shop)]);
    await count(first.operation, first.context);
    expect(await countsOf(shop, web, far)).toEqual([`${shop} 1.0.0 1`, `${web} 1.0.0 1`].sort());
    // The upgrade finds the dependency as it is.
    const second = await installed(namespace, [item(web), item(shop, '1.1.0')]);
    await count(second.operation, second.context);
    expect(await countsOf(shop, web)).toEqual([`${shop} 1.0.0 1`, `${shop} 1.1.0 1`, `${web} 1.0.0 1`].sort());
    const again = await installed(namespace, [item(web), item(shop, '1.1.0')]);
    await count(again.operation, again.context);
    expect(await countsOf(shop)).toEqual([`${shop} 1.0.0 1`, `${shop} 1.1.0 1`]);
    expect((await lab.store.published.facts(shop)).get(shop)).toMatchObject({ downloads: 2 });
  });

  it('counts every namespace', async () => {
    const name = freshName();
    for (const namespace of [freshNamespace(), freshNamespace(), freshNamespace()]) {
      const { operation, context } = await installed(namespace, [item(name)]);
      await count(operation, context);
    }
    expect(await countsOf(name)).toEqual([`${name} 1.0.0 3`]);
  });

  it('counts once however often it is asked, also at the same moment', async () => {
    const name = freshName();
    const { operation, context } = await installed(freshNamespace(), [item(name)]);
    await Promise.all(Array.from({ length: 8 }, () => count(operation, context)));
    await count(operation, context);
    expect(await countsOf(name)).toEqual([`${name} 1.0.0 1`]);
  });

  describe('in a replay', () => {
    it('counts an install that is kept once, whichever generation counts first', async () => {
      const [counted, uncounted] = [freshName(), freshName()];
      for (const name of [counted, uncounted]) {
        const { operation, context } = await installed(freshNamespace(), [item(name)]);
        if (name === counted) await count(operation, context);
        const replay = operationOn(operation.target.namespace, name, { root: operation.root, generation: 1 });
        const later = await fenced(lab, replay, 'update-cache');
        for (let attempt = 1; attempt <= 2; attempt += 1) await count(replay, later);
        expect(await countsOf(name)).toEqual([`${name} 1.0.0 1`]);
      }
    });

    it('counts an install that was taken back and made again once', async () => {
      const name = freshName();
      const { operation, context } = await installed(freshNamespace(), [item(name)]);
      await count(operation, context);
      await lab.store.installs.undo(context);
      const replay = await installed(operation.target.namespace, [item(name)], { root: operation.root, generation: 1 });
      await count(replay.operation, replay.context);
      expect(await countsOf(name)).toEqual([`${name} 1.0.0 1`]);
    });
  });

  describe('when the install is undone', () => {
    it('takes the count back, once', async () => {
      const [name, dependency] = [freshName(), freshName()];
      const other = await installed(freshNamespace(), [item(name)]);
      await count(other.operation, other.context);
      const { operation, context } = await installed(freshNamespace(), [item(dependency), item(name)]);
      await count(operation, context);
      for (let attempt = 1; attempt <= 2; attempt += 1) await lab.store.installs.undo(context);
      expect(await countsOf(name, dependency)).toEqual([`${name} 1.0.0 1`, `${dependency} 1.0.0 0`].sort());
    });

    it('counts nothing for an attempt that comes late', async () => {
      const name = freshName();
      const { operation, context } = await installed(freshNamespace(), [item(name)]);
      await Promise.all([lab.store.installs.undo(context), count(operation, context), count(operation, context)]);
      await count(operation, context);
      expect((await countsOf(name)).filter((line) => !line.endsWith(' 0'))).toEqual([]);
    });
  });

  it('counts nothing where another operation has followed', async () => {
    const name = freshName();
    const { operation, context } = await installed(freshNamespace(), [item(name)]);
    await fenced(lab, operationOn(operation.target.namespace, name), 'uninstall');
    await count(operation, context);
    expect(await countsOf(name)).toEqual([]);
  });

  it('counts nothing for an uninstall', async () => {
    const name = freshName();
    const { operation, context } = await installed(freshNamespace(), [item(name)]);
    await count(operation, context);
    const removal = operationOn(operation.target.namespace, name);
    const step = await fenced(lab, removal, 'remove');
    await lab.store.installs.remove(step, {
      inputDigest: 'in',
      cluster: LOCAL_CLUSTER,
      namespace: removal.target.namespace,
      name,
    });
    await count(removal, step);
    expect(await countsOf(name)).toEqual([`${name} 1.0.0 1`]);
  });
});
