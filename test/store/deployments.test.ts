import { describe, expect, it } from '@jest/globals';
import type { DeploymentKey } from '../../src/domain/deployment-store.ts';
import { jsonDigest } from '../../src/domain/json-digest.ts';
import {
  changed,
  changing,
  deploymentKey,
  finished,
  installTemplate,
  inventoryOf,
  pinOf,
  startOf,
} from '../support/deployments.ts';
import { freshNamespace } from '../support/shop-lab.ts';
import { describeStores } from '../support/stores.ts';

const needs = (namespace: string, name: string, owned = false) => ({ namespace, name, template: name, range: '^1.0.0', owned });

describeStores('deployments', (lab) => {
  /** A namespace with the template `web` installed, and the key of a deployment in it. */
  const fresh = async (name = 'site'): Promise<DeploymentKey> => {
    const namespace = freshNamespace();
    await installTemplate(lab, namespace, 'web');
    return deploymentKey(namespace, name);
  };
  const web = (version = '1.0.0') => pinOf('web', version);
  const states = async (key: DeploymentKey) =>
    (await lab.store.deployments.revisions(key)).map(({ number, state }) => `${number} ${state}`);

  describe('begin', () => {
    it('writes the first revision down as pending, with its deployment', async () => {
      const key = await fresh();
      const context = await changing(lab, key);
      const inventory = inventoryOf(key.namespace, ['a', 'b']);
      const dependencies = [needs(key.namespace, 'db', true)];
      const parameters = { text: 'a\u0000b', list: [1, { deep: null }], '': 1.5 };
      const start = startOf('deploy', web(), {
        inventory,
        parameters,
        dependencies,
        hasValues: true,
        owner: 'shop',
        origin: 'marketplace',
      });
      expect(await lab.store.deployments.begin(context, key, start)).toEqual({ number: 1, previous: 0, inventory });
      const time = expect.stringMatching(/^\d{4}-.*Z$/);
      expect(await lab.store.deployments.get(key)).toEqual({
        ...key,
        origin: 'marketplace',
        template: web(),
        state: 'deploying',
        revision: 0,
        owner: 'shop',
        dependencies,
        requester: { user: 'ann', groups: ['ops'] },
        operation: context.operation,
        createdAt: time,
        updatedAt: time,
      });
      expect(await lab.store.deployments.revision(key, 1)).toEqual({
        number: 1,
        state: 'pending',
        kind: 'deploy',
        template: web(),
        parameters,
        values: { name: 'chandlery.site.v1' },
        rendered: start.rendered,
        plan: start.plan,
        inventory,
        requester: 'ann',
        operation: context.operation,
        startedAt: time,
        summary: start.summary,
      });
      expect(await lab.store.deployments.revision(key, 2)).toBeUndefined();
    });

    it('happens once: asked again, or many times at once, it answers the same revision with the uids known by then', async () => {
      const key = await fresh();
      const context = await changing(lab, key);
      const start = startOf('deploy', web(), { inventory: inventoryOf(key.namespace, ['a']) });
      const begin = () => lab.store.deployments.begin(context, key, start);
      const all = await Promise.all(Array.from({ length: 8 }, begin));
      expect(all).toEqual(all.map(() => ({ number: 1, previous: 0, inventory: start.inventory })));
      await lab.store.deployments.applied(context, key, 1, { objects: [{ index: 0, uid: 'u' }] });
      const known = { number: 1, previous: 0, inventory: [{ ...start.inventory[0], uid: 'u' }] };
      expect(await begin()).toEqual(known);
      await finished(lab, context, key, 1);
      expect(await begin()).toEqual(known);
      expect(await states(key)).toEqual(['1 current']);
      expect((await lab.store.deployments.get(key))?.state).toBe('ready');
    });

    it('remembers the volume claims that were there at its first attempt, none being something else than nobody having looked', async () => {
      const key = await fresh();
      const context = await changing(lab, key);
      const claimsOfFirst = async () => (await lab.store.deployments.revision(key, 1))?.claims;
      await lab.store.deployments.begin(context, key, startOf('deploy', web(), { claims: ['older'] }));
      await lab.store.deployments.begin(context, key, startOf('deploy', web(), { claims: ['older', 'made since'] }));
      expect(await claimsOfFirst()).toEqual(['older']);
      const another = await fresh();
      await lab.store.deployments.begin(await changing(lab, another), another, startOf('deploy', web(), { claims: [] }));
      expect((await lab.store.deployments.revision(another, 1))?.claims).toEqual([]);
    });

    it('of an upgrade leaves the deployment at what runs', async () => {
      const key = await fresh();
      await changed(lab, key, startOf('deploy', web()));
      const context = await changing(lab, key);
      const start = startOf('upgrade', web('1.1.0'), { requester: { user: 'bob', groups: [] } });
      expect(await lab.store.deployments.begin(context, key, start)).toMatchObject({ number: 2, previous: 1 });
      expect(await lab.store.deployments.get(key)).toMatchObject({
        state: 'changing',
        revision: 1,
        template: web(),
        requester: { user: 'bob', groups: [] },
        operation: context.operation,
      });
      expect(await states(key)).toEqual(['2 pending', '1 current']);
    });

    it('is refused with deployment_exists to a deploy of a name that is taken', async () => {
      const key = await fresh();
      await changed(lab, key, startOf('deploy', web()));
      await expect(lab.store.deployments.begin(await changing(lab, key), key, startOf('deploy', web()))).toFailWith(
        'deployment_exists',
      );
      expect(await states(key)).toEqual(['1 current']);
    });

    it.each(['upgrade', 'rollback'] as const)('is refused with deployment_not_found to a(n) %s of nothing', async (kind) => {
      const key = await fresh();
      await expect(lab.store.deployments.begin(await changing(lab, key), key, startOf(kind, web()))).toFailWith(
        'deployment_not_found',
      );
      await lab.store.deployments.begin(await changing(lab, key), key, startOf('deploy', web()));
      await expect(lab.store.deployments.begin(await changing(lab, key), key, startOf(kind, web()))).toFailWith(
        'deployment_not_found',
      );
    });

    it('is refused with install_not_found where the template is not installed, unless it comes from no registry', async () => {
      const key = deploymentKey(freshNamespace(), 'site');
      const context = await changing(lab, key);
      await expect(lab.store.deployments.begin(context, key, startOf('deploy', web()))).toFailWith('install_not_found');
      expect(await lab.store.deployments.get(key)).toBeUndefined();
      await lab.store.deployments.begin(context, key, startOf('deploy', web(), { origin: 'builtin' }));
      expect(await states(key)).toEqual(['1 pending']);
    });

    it('of a replay is a revision of its own, and writes off what an operation ended by hand left pending', async () => {
      const key = await fresh();
      const first = await changing(lab, key);
      await lab.store.deployments.begin(first, key, startOf('deploy', web()));
      const replay = await changing(lab, key, { root: first.root, generation: 1 });
      const again = startOf('deploy', web('1.1.0'), { owner: 'shop', requester: { user: 'bob', groups: [] } });
      expect(await lab.store.deployments.begin(replay, key, again)).toMatchObject({ number: 2, previous: 0 });
      expect(await lab.store.deployments.get(key)).toMatchObject({ state: 'deploying', template: web('1.1.0'), owner: 'shop' });
      expect(await states(key)).toEqual(['2 pending', '1 failed']);
      expect((await lab.store.deployments.revision(key, 1))?.failure?.code).toBe('terminated');
      await finished(lab, replay, key, 2);
      const from = await changing(lab, key, { root: first.root, generation: 2 });
      expect(await lab.store.deployments.begin(from, key, startOf('deploy', web()))).toMatchObject({ number: 3, previous: 2 });
    });
  });

  describe('applied', () => {
    it('remembers each uid, however many tell theirs at once', async () => {
      const key = await fresh();
      const context = await changing(lab, key);
      const inventory = inventoryOf(
        key.namespace,
        Array.from({ length: 20 }, (_, at) => `c-${at}`),
      );
      await lab.store.deployments.begin(context, key, startOf('deploy', web(), { inventory, hasValues: true }));
      const tell = (index: number) =>
        lab.store.deployments.applied(context, key, 1, { objects: [{ index, uid: `uid-${index}` }] });
      await Promise.all([...inventory.keys(), ...inventory.keys()].map(tell));
      await lab.store.deployments.applied(context, key, 1, { objects: [], values: 'secret-uid' });
      await lab.store.deployments.applied(context, key, 1, { objects: [{ index: 3, uid: 'renewed' }] });
      const revision = await lab.store.deployments.revision(key, 1);
      expect(revision?.inventory).toEqual(inventory.map((item, at) => ({ ...item, uid: at === 3 ? 'renewed' : `uid-${at}` })));
      expect(revision?.values).toEqual({ name: 'chandlery.site.v1', uid: 'secret-uid' });
    });

    it('does nothing to a revision that has ended', async () => {
      const key = await fresh();
      const context = await changed(lab, key, startOf('deploy', web(), { inventory: inventoryOf('n', ['a']) }));
      await lab.store.deployments.applied(context, key, 1, { objects: [{ index: 0, uid: 'late' }] });
      expect((await lab.store.deployments.revision(key, 1))?.inventory[0]?.uid).toBeUndefined();
    });
  });

  describe('settle', () => {
    const entry = { inputDigest: 'in', result: { revision: 1 } };
    const effectOf = ({ root }: { root: string }) => ({ root, step: 'apply', object: '-', generation: 0 });
    const last = { objects: [{ index: 1, uid: 'uid-b' }], values: 'secret-uid' };
    const begun = async () => {
      const key = await fresh();
      const context = await changing(lab, key);
      const start = startOf('deploy', web(), { inventory: inventoryOf(key.namespace, ['a', 'b']), hasValues: true });
      await lab.store.deployments.begin(context, key, start);
      await lab.store.deployments.applied(context, key, 1, { objects: [{ index: 0, uid: 'uid-a' }] });
      return { key, context };
    };
    const uidsOf = async (key: DeploymentKey) => (await lab.store.deployments.revision(key, 1))?.inventory.map(({ uid }) => uid);

    it('writes the last uids and the record of the step, once', async () => {
      const { key, context } = await begun();
      const settle = () => lab.store.deployments.settle(context, key, 1, last, entry);
      expect(await settle()).toBe(true);
      expect(await uidsOf(key)).toEqual(['uid-a', 'uid-b']);
      expect((await lab.store.deployments.revision(key, 1))?.values).toEqual({ name: 'chandlery.site.v1', uid: 'secret-uid' });
      expect(await lab.store.effects.find(effectOf(context))).toMatchObject({
        ...entry,
        operation: context.operation,
        resultDigest: jsonDigest(entry.result),
        undone: false,
      });
      expect(await settle()).toBe(false);
    });

    it('leaves the record of an earlier attempt, and writes the uids all the same', async () => {
      const { key, context } = await begun();
      const earlier = { inputDigest: 'in', result: { revision: 1, earlier: true } };
      await lab.store.effects.record(effectOf(context), context, { ...earlier, resultDigest: jsonDigest(earlier.result) });
      expect(await lab.store.deployments.settle(context, key, 1, last, entry)).toBe(false);
      expect(await lab.store.effects.find(effectOf(context))).toMatchObject(earlier);
      expect(await uidsOf(key)).toEqual(['uid-a', 'uid-b']);
    });

    it('writes nothing of a revision that has ended, and nothing without the fence', async () => {
      const ended = await begun();
      await finished(lab, ended.context, ended.key, 1);
      expect(await lab.store.deployments.settle(ended.context, ended.key, 1, last, entry)).toBe(false);
      const lost = await begun();
      await lab.store.deployments.raiseFence(lost.context);
      expect(await lab.store.deployments.settle(lost.context, lost.key, 1, last, entry)).toBe(false);
      for (const { key, context } of [ended, lost]) {
        expect(await uidsOf(key)).toEqual(['uid-a', undefined]);
        expect(await lab.store.effects.find(effectOf(context))).toBeUndefined();
      }
    });
  });

  describe('finish', () => {
    it('makes the pending revision the current one, once, with the record of the step', async () => {
      const key = await fresh();
      await changed(lab, key, startOf('deploy', web()));
      const context = await changing(lab, key);
      await lab.store.deployments.begin(context, key, startOf('upgrade', web('1.1.0')));
      const dependencies = [needs(key.namespace, 'db')];
      const all = await Promise.all([1, 2, 3, 4].map(() => finished(lab, context, key, 2, dependencies)));
      expect(all).toEqual(all.map(() => ({ revision: 2 })));
      const after = await lab.store.deployments.get(key);
      expect(after).toMatchObject({ state: 'ready', revision: 2, template: web('1.1.0'), dependencies });
      expect(await states(key)).toEqual(['2 current', '1 superseded']);
      expect((await lab.store.deployments.revision(key, 2))?.endedAt).toBeDefined();
      const effect = { root: context.root, step: 'record', object: '-', generation: 0 };
      expect(await lab.store.effects.find(effect)).toMatchObject({ result: { revision: 2 }, inputDigest: 'in', undone: false });
      expect(await finished(lab, context, key, 2)).toEqual({ revision: 2 });
      expect(await lab.store.deployments.get(key)).toEqual(after);
    });

    it('is refused with revision_not_found for a revision that is not its own, and records nothing', async () => {
      const key = await fresh();
      await changed(lab, key, startOf('deploy', web()));
      const context = await changing(lab, key);
      await expect(finished(lab, context, key, 1)).toFailWith('revision_not_found');
      expect(await lab.store.effects.listByRoot(context.root)).toEqual([]);
    });

    it('keeps the newest ten ended revisions, and always the current one and the one before it', async () => {
      const key = await fresh();
      await changed(lab, key, startOf('deploy', web()));
      const fail = async () => {
        const context = await changing(lab, key);
        const { number } = await lab.store.deployments.begin(context, key, startOf('upgrade', web()));
        await lab.store.deployments.abandon(context, key, number, { state: 'undone' });
      };
      for (let times = 0; times < 12; times += 1) await fail();
      await changed(lab, key, startOf('upgrade', web()));
      const undone = Array.from({ length: 10 }, (_, at) => `${13 - at} undone`);
      expect(await states(key)).toEqual(['14 current', ...undone, '1 superseded']);
      await changed(lab, key, startOf('upgrade', web()));
      expect(await states(key)).toEqual(['15 current', '14 superseded', ...undone.slice(0, 9)]);
    });
  });

  describe('begun', () => {
    it('answers the revision of the operation with the one that was current before', async () => {
      const key = await fresh();
      const first = await changed(lab, key, startOf('deploy', web()));
      const context = await changing(lab, key);
      expect(await lab.store.deployments.begun(context, key)).toBeUndefined();
      await lab.store.deployments.begin(context, key, startOf('upgrade', web('1.1.0')));
      expect(await lab.store.deployments.begun(context, key)).toMatchObject({
        revision: { number: 2, state: 'pending' },
        previous: { number: 1, state: 'current' },
      });
      const own = await lab.store.deployments.begun(first, key);
      expect([own?.revision.number, own?.previous]).toEqual([1, undefined]);
    });
  });
});
