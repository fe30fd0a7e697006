import { describe, expect, it } from '@jest/globals';
import type { DeploymentKey } from '../../src/domain/deployment-store.ts';
import type { StepContext } from '../../src/domain/effects.ts';
import {
  changed,
  changing,
  deploymentKey,
  finished,
  installTemplate,
  inventoryOf,
  pinOf,
  reachesTheLock,
  startOf,
  whileNameIsHeld,
} from '../support/deployments.ts';
import { freshNamespace } from '../support/shop-lab.ts';
import { describeStores } from '../support/stores.ts';

const failure = { code: 'not_ready' as const, message: 'web: CrashLoopBackOff\u0000' };

describeStores('what takes a change of a deployment back', (lab) => {
  const fresh = async (): Promise<DeploymentKey> => {
    const namespace = freshNamespace();
    await installTemplate(lab, namespace, 'web');
    return deploymentKey(namespace, 'site');
  };
  const web = (version = '1.0.0') => pinOf('web', version);
  const states = async (key: DeploymentKey) =>
    (await lab.store.deployments.revisions(key)).map(({ number, state }) => `${number} ${state}`);
  const rowsOf = async ({ namespace }: DeploymentKey) => {
    const { rows: deployments } = await lab.db.query('select * from deployments where namespace = $1', [namespace]);
    const { rows: revisions } = await lab.db.query('select * from revisions where namespace = $1 order by number', [namespace]);
    return { deployments, revisions };
  };
  const dependencies = [{ namespace: 'n', name: 'db', template: 'db', range: '^1.0.0', owned: true }];
  /** A ready deployment, and an upgrade that has begun on it. */
  const upgrading = async () => {
    const key = await fresh();
    const first = await changing(lab, key);
    await lab.store.deployments.begin(first, key, startOf('deploy', web(), { inventory: inventoryOf('n', ['a']) }));
    await finished(lab, first, key, 1, dependencies);
    const before = await lab.store.deployments.get(key);
    const context = await changing(lab, key);
    const requester = { user: 'bob', groups: ['dev'] };
    await lab.store.deployments.begin(context, key, startOf('upgrade', web('1.1.0'), { requester }));
    return { key, context, before };
  };
  const undone = (context: StepContext, key: DeploymentKey, number: number) =>
    lab.store.deployments.abandon(context, key, number, { state: 'undone', failure });

  describe('abandon as undone', () => {
    it('removes a first deployment with its revisions, however often it is asked for', async () => {
      const key = await fresh();
      const context = await changing(lab, key);
      await lab.store.deployments.begin(context, key, startOf('deploy', web()));
      await Promise.all([1, 2, 3].map(() => undone(context, key, 1)));
      expect(await rowsOf(key)).toEqual({ deployments: [], revisions: [] });
      expect(await lab.store.deployments.begun(context, key)).toBeUndefined();
      await changed(lab, key, startOf('deploy', web()));
      expect(await states(key)).toEqual(['1 current']);
    });

    it.each(['pending', 'finished, by an attempt whose answer was lost,'])(
      'puts what was there back while it is %s',
      async (when) => {
        const { key, context, before } = await upgrading();
        if (when !== 'pending') await finished(lab, context, key, 2);
        const restored = [{ ...inventoryOf('n', ['a'])[0], uid: 'new' }] as ReturnType<typeof inventoryOf>;
        await lab.store.deployments.abandon(context, key, 2, { state: 'undone', failure, restored });
        expect(await lab.store.deployments.get(key)).toEqual({ ...before, updatedAt: expect.any(String) });
        expect(await states(key)).toEqual(['2 undone', '1 current']);
        expect((await lab.store.deployments.revision(key, 1))?.inventory).toEqual(restored);
        expect(await lab.store.deployments.revision(key, 2)).toMatchObject({ failure, endedAt: expect.any(String) });
        expect((await lab.store.effects.listByRoot(context.root)).every((record) => record.undone)).toBe(true);
        const after = await rowsOf(key);
        await Promise.all([1, 2, 3].map(() => undone(context, key, 2)));
        expect(await rowsOf(key)).toEqual(after);
      },
    );

    it('does not touch what a later generation or operation has made', async () => {
      const { key, context } = await upgrading();
      const replay = await changing(lab, key, { root: context.root, generation: 1 });
      await lab.store.deployments.begin(replay, key, startOf('upgrade', web('1.2.0')));
      const after = await rowsOf(key);
      await expect(undone(context, key, 2)).toFailWith('fenced_off');
      await undone(replay, key, 2);
      expect(await rowsOf(key)).toEqual(after);
    });

    it('waits for a late finish and takes that back too', async () => {
      for (let times = 0; times < 10; times += 1) {
        const { key, context, before } = await upgrading();
        await Promise.allSettled([finished(lab, context, key, 2), undone(context, key, 2)]);
        expect(await lab.store.deployments.get(key)).toEqual({ ...before, updatedAt: expect.any(String) });
        expect(await states(key)).toEqual(['2 undone', '1 current']);
      }
    });
  });

  describe('abandon as failed', () => {
    it('keeps the failed revision as the current one', async () => {
      const { key, context } = await upgrading();
      await lab.store.deployments.abandon(context, key, 2, { state: 'failed', failure });
      const after = await rowsOf(key);
      await Promise.all([1, 2].map(() => lab.store.deployments.abandon(context, key, 2, { state: 'failed', failure })));
      expect(await rowsOf(key)).toEqual(after);
      expect(await lab.store.deployments.get(key)).toMatchObject({
        state: 'failed',
        revision: 2,
        template: web('1.1.0'),
        dependencies,
        requester: { user: 'bob', groups: ['dev'] },
        operation: context.operation,
      });
      expect(await states(key)).toEqual(['2 failed', '1 superseded']);
    });

    it('is what a later undo comes back to, and a later success leaves behind', async () => {
      const key = await fresh();
      const first = await changing(lab, key);
      await lab.store.deployments.begin(first, key, startOf('deploy', web(), { dependencies }));
      await lab.store.deployments.abandon(first, key, 1, { state: 'failed', failure });
      const before = await lab.store.deployments.get(key);
      expect(before).toMatchObject({ state: 'failed', revision: 1, dependencies });
      const second = await changing(lab, key);
      await lab.store.deployments.begin(second, key, startOf('upgrade', web('1.1.0')));
      await undone(second, key, 2);
      expect(await lab.store.deployments.get(key)).toEqual({ ...before, updatedAt: expect.any(String) });
      await changed(lab, key, startOf('upgrade', web('1.2.0')));
      expect(await states(key)).toEqual(['3 current', '2 undone', '1 failed']);
    });
  });

  describe('the fence', () => {
    it('once raised by an undo lets no late attempt write, but the undo itself as often as it must', async () => {
      const { key, context } = await upgrading();
      await lab.store.deployments.raiseFence(context);
      await lab.store.deployments.raiseFence(context);
      const after = await rowsOf(key);
      const { deployments } = lab.store;
      await expect(deployments.begin(context, key, startOf('upgrade', web()))).toFailWith('fenced_off');
      await expect(deployments.applied(context, key, 2, { objects: [], values: 'u' })).toFailWith('fenced_off');
      await expect(finished(lab, context, key, 2)).toFailWith('fenced_off');
      await expect(deployments.beginDestroy(context, key)).toFailWith('fenced_off');
      await expect(deployments.forget(context, key, { inputDigest: 'in', result: {} })).toFailWith('fenced_off');
      expect(await rowsOf(key)).toEqual(after);
      await undone(context, key, 2);
      expect(await states(key)).toEqual(['2 undone', '1 current']);
    });

    it('lets an operation that another one has followed write and undo nothing', async () => {
      const { key, context } = await upgrading();
      await changing(lab, key);
      const after = await rowsOf(key);
      const { deployments } = lab.store;
      await expect(deployments.raiseFence(context)).toFailWith('fenced_off');
      await expect(undone(context, key, 2)).toFailWith('fenced_off');
      await expect(deployments.keep(context, key, 1, [])).toFailWith('fenced_off');
      await expect(deployments.begin(context, key, startOf('upgrade', web()))).toFailWith('fenced_off');
      await expect(deployments.applied(context, key, 2, { objects: [] })).toFailWith('fenced_off');
      await expect(finished(lab, context, key, 2)).toFailWith('fenced_off');
      expect(await rowsOf(key)).toEqual(after);
    });

    it('is not given away, or raised, while a write is in the middle', async () => {
      const followers: Array<(context: StepContext, key: DeploymentKey) => Promise<unknown>> = [
        (_context, key) => changing(lab, key),
        (context) => lab.store.deployments.raiseFence(context),
      ];
      for (const follow of followers) {
        const key = await fresh();
        const context = await changing(lab, key);
        const order: string[] = [];
        const all: Array<Promise<unknown>> = [];
        await whileNameIsHeld(lab, key, async () => {
          all.push(lab.store.deployments.begin(context, key, startOf('deploy', web())).then(() => order.push('begun')));
          await reachesTheLock();
          all.push(follow(context, key).then(() => order.push('followed')));
          await reachesTheLock();
          expect(order).toEqual([]);
        });
        await Promise.all(all);
        expect(order.sort()).toEqual(['begun', 'followed']);
        expect(await states(key)).toEqual(['1 pending']);
      }
    });

    it('makes an answer that was recorded, then undone, no answer', async () => {
      const { key, context } = await upgrading();
      await finished(lab, context, key, 2);
      await undone(context, key, 2);
      await expect(finished(lab, context, key, 2)).toFailWith('fenced_off');
    });
  });

  describe('a destroy', () => {
    it('marks the deployment and answers it with its revisions, newest first', async () => {
      const { key, context } = await upgrading();
      await undone(context, key, 2);
      const destroy = await changing(lab, key);
      const answers = await Promise.all([1, 2].map(() => lab.store.deployments.beginDestroy(destroy, key)));
      for (const { deployment, revisions } of answers) {
        expect(deployment).toMatchObject({ state: 'destroying', revision: 1, operation: destroy.operation });
        expect(revisions.map(({ number }) => number)).toEqual([2, 1]);
      }
    });

    it('of nothing fails with deployment_not_found', async () => {
      const key = deploymentKey(freshNamespace(), 'none');
      await expect(lab.store.deployments.beginDestroy(await changing(lab, key), key)).toFailWith('deployment_not_found');
    });

    it('that is undone leaves it ready, with the uids of what was made anew', async () => {
      const key = await fresh();
      await changed(lab, key, startOf('deploy', web(), { inventory: inventoryOf('n', ['a']) }));
      const before = await lab.store.deployments.get(key);
      const destroy = await changing(lab, key);
      await lab.store.deployments.beginDestroy(destroy, key);
      const anew = inventoryOf('n', ['a']).map((item) => ({ ...item, uid: 'anew' }));
      await lab.store.deployments.keep(destroy, key, 1, anew);
      expect(await lab.store.deployments.get(key)).toEqual({ ...before, updatedAt: expect.any(String) });
      expect((await lab.store.deployments.revision(key, 1))?.inventory).toEqual(anew);
      const after = await rowsOf(key);
      await Promise.all([1, 2].map(() => lab.store.deployments.keep(destroy, key, 1, [])));
      expect(await rowsOf(key)).toEqual(after);
    });

    it('that is undone leaves failed what was failed, or never got finished', async () => {
      const { key, context } = await upgrading();
      await lab.store.deployments.abandon(context, key, 2, { state: 'failed', failure });
      const destroy = await changing(lab, key);
      await lab.store.deployments.beginDestroy(destroy, key);
      await lab.store.deployments.keep(destroy, key, 2, []);
      expect((await lab.store.deployments.get(key))?.state).toBe('failed');
      const half = await fresh();
      await lab.store.deployments.begin(await changing(lab, half), half, startOf('deploy', web()));
      const other = await changing(lab, half);
      await lab.store.deployments.beginDestroy(other, half);
      await lab.store.deployments.keep(other, half, 1, []);
      expect((await lab.store.deployments.get(half))?.state).toBe('failed');
    });

    it('forgets it once, with the record of the step; that is not taken back', async () => {
      const key = await fresh();
      await changed(lab, key, startOf('deploy', web()));
      const destroy = { ...(await changing(lab, key)), step: 'forget' };
      await lab.store.deployments.beginDestroy(destroy, key);
      const forget = (result: unknown) => lab.store.deployments.forget(destroy, key, { inputDigest: 'in', result });
      const all = await Promise.all([1, 2, 3].map((at) => forget({ at })));
      expect(new Set(all.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(await rowsOf(key)).toEqual({ deployments: [], revisions: [] });
      expect(await forget({ at: 4 })).toEqual(all[0]);
      await expect(lab.store.deployments.keep(destroy, key, 1, [])).toFailWith('deployment_not_found');
    });

    it('does not forget again what was deployed since', async () => {
      const key = await fresh();
      await changed(lab, key, startOf('deploy', web()));
      const destroy = { ...(await changing(lab, key)), step: 'forget' };
      const forget = () => lab.store.deployments.forget(destroy, key, { inputDigest: 'in', result: null });
      expect(await forget()).toBeNull();
      await changed(lab, key, startOf('deploy', web()));
      await expect(forget()).toFailWith('fenced_off');
      expect(await states(key)).toEqual(['1 current']);
    });
  });
});
