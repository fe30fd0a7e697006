import { describe, expect, it } from '@jest/globals';
import type { DeploymentKey } from '../../src/domain/deployment-store.ts';
import type { StepContext } from '../../src/domain/effects.ts';
import {
  changed,
  changing,
  deploymentKey,
  installTemplate,
  pinOf,
  reachesTheLock,
  startOf,
  whileHeld,
  whileNameIsHeld,
} from '../support/deployments.ts';
import { freshNamespace } from '../support/shop-lab.ts';
import { describeStores, fenced, installedIn, itemOf, materialise, operationOn } from '../support/stores.ts';

const ROUNDS = 25;

describeStores('an uninstall of what a deployment runs', (lab) => {
  const fresh = async (): Promise<DeploymentKey> => {
    const namespace = freshNamespace();
    await installTemplate(lab, namespace, 'web');
    return deploymentKey(namespace, 'site');
  };
  const begin = async (context: StepContext, key: DeploymentKey) =>
    lab.store.deployments.begin(context, key, startOf('deploy', pinOf('web')));
  const uninstalling = ({ namespace }: DeploymentKey) => fenced(lab, operationOn(namespace, 'web'), 'remove');
  const remove = (context: StepContext, { cluster, namespace }: DeploymentKey) =>
    lab.store.installs.remove(context, { inputDigest: 'in', cluster, namespace, name: 'web' });

  it('is refused with in_use and names it', async () => {
    const key = await fresh();
    await changed(lab, key, startOf('deploy', pinOf('web')));
    await changed(lab, { ...key, name: 'blog' }, startOf('deploy', pinOf('web')));
    const refused = await remove(await uninstalling(key), key).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'in_use',
      message: 'web is needed by deployment blog, deployment site',
      details: { template: 'web', dependents: [], deployments: ['blog', 'site'] },
    });
    expect(await installedIn(lab, key.namespace)).toEqual(['web 1.0.0']);
  });

  it('works once nothing runs it', async () => {
    const key = await fresh();
    await changed(lab, key, startOf('deploy', pinOf('web')));
    await lab.store.deployments.forget(await changing(lab, key), key, { inputDigest: 'in', result: {} });
    expect(await remove(await uninstalling(key), key)).toMatchObject({ removed: true });
  });

  it('and a deploy that begins at the same time never both happen', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = await fresh();
      const [deploy, uninstall] = [await changing(lab, key), await uninstalling(key)];
      const [began, removed] = await Promise.allSettled([begin(deploy, key), remove(uninstall, key)]);
      expect([began.status, removed.status].sort()).toEqual(['fulfilled', 'rejected']);
      const loser = began.status === 'rejected' ? began : removed;
      expect(loser).toMatchObject({ reason: { code: began.status === 'rejected' ? 'install_not_found' : 'in_use' } });
      expect(await installedIn(lab, key.namespace)).toEqual(began.status === 'fulfilled' ? ['web 1.0.0'] : []);
    }
  });

  describe('waits', () => {
    it('for a deploy that is in the middle of beginning, and is refused then', async () => {
      const key = await fresh();
      const [deploy, uninstall] = [await changing(lab, key), await uninstalling(key)];
      const ends: Array<Promise<PromiseSettledResult<unknown>[]>> = [];
      await whileNameIsHeld(lab, key, async () => {
        ends.push(Promise.allSettled([begin(deploy, key)]));
        await reachesTheLock();
        ends.push(Promise.allSettled([remove(uninstall, key)]));
        await reachesTheLock();
      });
      const [began, removed] = (await Promise.all(ends)).flat();
      expect(began).toMatchObject({ status: 'fulfilled', value: { number: 1 } });
      expect(removed).toMatchObject({ status: 'rejected', reason: { code: 'in_use' } });
    });

    it('and lets a deploy begin beside another install of the namespace', async () => {
      const key = await fresh();
      const lock = "select pg_advisory_xact_lock(hashtextextended('namespace/' || $1 || '/' || $2, 0))";
      await whileHeld(lab, lock, [key.cluster, key.namespace], async () => {
        expect(await begin(await changing(lab, key), key)).toMatchObject({ number: 1 });
      });
    });
  });

  it('by an undo of its install leaves it installed, and says so', async () => {
    const namespace = freshNamespace();
    const context = await fenced(lab, operationOn(namespace, 'web'), 'install');
    await materialise(lab, context, [itemOf('web', '1.0.0')]);
    const key = deploymentKey(namespace, 'site');
    await begin(await changing(lab, key), key);
    expect(await lab.store.installs.undo(context)).toEqual({
      undone: true,
      warnings: ['web was left installed: deployment site needs it'],
    });
    expect(await installedIn(lab, namespace)).toEqual(['web 1.0.0']);
  });
});
