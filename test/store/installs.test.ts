import { describe, expect, it } from '@jest/globals';
import type { StepContext } from '../../src/domain/effects.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import { freshNamespace } from '../support/shop-lab.ts';
import { describeStores, fenced, installedIn, itemOf, materialise, operationOn } from '../support/stores.ts';

const needs = (name: string, version: string) => [{ name, version }];
const web = (version: string) => itemOf('web', version);
const shop = (version: string, range = '^1.0.0') => itemOf('shop', version, needs('web', range));
const docs = (range: string) => itemOf('docs', '1.0.0', needs('web', range));

describeStores('installs', (lab) => {
  const start = async (namespace: string, name: string, step = 'install') => fenced(lab, operationOn(namespace, name), step);
  const remove = (context: StepContext) => {
    const [, cluster = '', namespace = '', name = ''] = context.target.split('/');
    return lab.store.installs.remove(context, { inputDigest: 'in', cluster, namespace, name });
  };

  describe('materialise', () => {
    it('happens once: the same effect again answers the recorded outcome', async () => {
      const namespace = freshNamespace();
      const context = await start(namespace, 'shop');
      const first = await materialise(lab, context, [web('1.0.0'), shop('1.0.0')]);
      const { rows: before } = await lab.db.query('select * from installs where namespace = $1 order by name', [namespace]);
      const again = await Promise.all([1, 2, 3].map(() => materialise(lab, context, [web('1.0.0'), shop('1.0.0')])));
      expect(again).toEqual([first, first, first]);
      expect(first).toMatchObject({
        changed: true,
        installed: [
          { name: 'web', changed: true },
          { name: 'shop', changed: true },
        ],
      });
      const { rows: after } = await lab.db.query('select * from installs where namespace = $1 order by name', [namespace]);
      expect(after).toEqual(before);
    });

    it('is all or nothing', async () => {
      const namespace = freshNamespace();
      await materialise(lab, await start(namespace, 'docs'), [web('1.0.0'), docs('~1.0.0')]);
      const context = await start(namespace, 'shop');
      await expect(materialise(lab, context, [web('1.3.0'), shop('1.0.0', '^1.2.0')])).toFailWith('dependency_conflict');
      expect(await installedIn(lab, namespace)).toEqual(['docs 1.0.0', 'web 1.0.0']);
      const { rows } = await lab.db.query('select 1 from effects where operation = $1', [context.operation]);
      expect(rows).toEqual([]);
    });

    it('is refused with fenced_off to an operation that another one has followed', async () => {
      const namespace = freshNamespace();
      const older = await start(namespace, 'shop');
      await start(namespace, 'shop');
      await expect(materialise(lab, older, [web('1.0.0'), shop('1.0.0')])).toFailWith('fenced_off');
      expect(await lab.store.installs.list(LOCAL_CLUSTER, namespace)).toEqual([]);
    });

    it('of different targets at once in one namespace keeps what each needs', async () => {
      const namespace = freshNamespace();
      const names = ['a', 'b', 'c', 'd', 'e', 'f'];
      const contexts = await Promise.all(names.map((name) => start(namespace, name)));
      await Promise.all(
        contexts.map((context, at) =>
          materialise(lab, context, [web('1.0.0'), itemOf(names[at] ?? '', '1.0.0', needs('web', '^1.0.0'))]),
        ),
      );
      expect(await installedIn(lab, namespace)).toEqual([...names.map((name) => `${name} 1.0.0`), 'web 1.0.0']);
      expect(await lab.store.installs.dependents(LOCAL_CLUSTER, namespace, 'web')).toHaveLength(names.length);
    });
  });

  describe('remove', () => {
    it('is refused with in_use while something needs it, and happens once', async () => {
      const namespace = freshNamespace();
      await materialise(lab, await start(namespace, 'shop'), [web('1.0.0'), shop('1.0.0')]);
      await expect(remove(await start(namespace, 'web', 'remove'))).toFailWith('in_use');
      const context = await start(namespace, 'shop', 'remove');
      const outcome = await remove(context);
      expect(outcome).toEqual({ removed: true, orphaned: ['web'] });
      expect(await remove(context)).toEqual(outcome);
      expect(await installedIn(lab, namespace)).toEqual(['web 1.0.0']);
    });

    it('is taken back by undo', async () => {
      const namespace = freshNamespace();
      await materialise(lab, await start(namespace, 'shop'), [web('1.0.0'), shop('1.0.0')]);
      const before = await lab.store.installs.list(LOCAL_CLUSTER, namespace);
      const context = await start(namespace, 'shop', 'remove');
      await remove(context);
      expect(await lab.store.installs.undo(context)).toEqual({ undone: true, warnings: [] });
      expect(await lab.store.installs.list(LOCAL_CLUSTER, namespace)).toEqual(before);
    });
  });

  describe('undo', () => {
    it('puts back what was there, however often it is asked for', async () => {
      const namespace = freshNamespace();
      await materialise(lab, await start(namespace, 'shop'), [web('1.0.0'), shop('1.0.0')]);
      const before = await lab.store.installs.list(LOCAL_CLUSTER, namespace);
      const context = await start(namespace, 'shop');
      await materialise(lab, context, [web('1.3.0'), itemOf('redis', '7.0.0'), shop('1.1.0')], true);
      for (let times = 0; times < 3; times += 1) {
        expect(await lab.store.installs.undo(context)).toMatchObject({ undone: true, warnings: [] });
        expect(await lab.store.installs.list(LOCAL_CLUSTER, namespace)).toEqual(before);
      }
    });

    it('does nothing where nothing was done, and keeps a late attempt from doing it', async () => {
      const namespace = freshNamespace();
      const context = await start(namespace, 'shop');
      expect(await lab.store.installs.undo(context)).toEqual({ undone: false, warnings: [] });
      await expect(materialise(lab, context, [web('1.0.0'), shop('1.0.0')])).toFailWith('fenced_off');
      expect(await lab.store.installs.list(LOCAL_CLUSTER, namespace)).toEqual([]);
    });

    it('keeps a late attempt of what it took back from doing it again', async () => {
      const namespace = freshNamespace();
      const context = await start(namespace, 'shop');
      await materialise(lab, context, [web('1.0.0'), shop('1.0.0')]);
      await lab.store.installs.undo(context);
      await expect(materialise(lab, context, [web('1.0.0'), shop('1.0.0')])).toFailWith('fenced_off');
      expect(await lab.store.installs.list(LOCAL_CLUSTER, namespace)).toEqual([]);
    });

    it('is refused with fenced_off once another operation has the target', async () => {
      const namespace = freshNamespace();
      const context = await start(namespace, 'shop');
      await materialise(lab, context, [web('1.0.0'), shop('1.0.0')]);
      await start(namespace, 'shop');
      await expect(lab.store.installs.undo(context)).toFailWith('fenced_off');
      expect(await installedIn(lab, namespace)).toEqual(['shop 1.0.0', 'web 1.0.0']);
    });

    it('leaves what another install needs since, and says so', async () => {
      const namespace = freshNamespace();
      const context = await start(namespace, 'shop');
      await materialise(lab, context, [web('1.0.0'), shop('1.0.0')]);
      await materialise(lab, await start(namespace, 'docs'), [web('1.0.0'), docs('^1.0.0')]);
      expect(await lab.store.installs.undo(context)).toEqual({
        undone: true,
        warnings: ['web was left installed: docs needs it'],
      });
      expect(await installedIn(lab, namespace)).toEqual(['docs 1.0.0', 'web 1.0.0']);
    });

    it('leaves what another operation has changed since, and says so', async () => {
      const namespace = freshNamespace();
      const context = await start(namespace, 'shop');
      await materialise(lab, context, [web('1.0.0'), shop('1.0.0')]);
      const other = await start(namespace, 'web');
      await materialise(lab, other, [web('1.3.0')]);
      expect(await lab.store.installs.undo(context)).toEqual({
        undone: true,
        warnings: [`web was left as it is: ${other.operation} has changed it since`],
      });
      expect(await installedIn(lab, namespace)).toEqual(['web 1.3.0']);
    });

    it('leaves a newer version where another install needs it since, and says so', async () => {
      const namespace = freshNamespace();
      await materialise(lab, await start(namespace, 'shop'), [web('1.0.0'), shop('1.0.0')]);
      const context = await start(namespace, 'shop');
      await materialise(lab, context, [web('1.3.0'), shop('1.1.0')]);
      await materialise(lab, await start(namespace, 'docs'), [web('1.3.0'), docs('^1.2.0')]);
      const { undone, warnings } = await lab.store.installs.undo(context);
      expect([undone, warnings]).toEqual([true, ['web was left at 1.3.0: docs needs it']]);
      expect(await installedIn(lab, namespace)).toEqual(['docs 1.0.0', 'shop 1.0.0', 'web 1.3.0']);
    });
  });
});
