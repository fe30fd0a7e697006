import type { DeploySet } from '../deploy-set.ts';
import { deploymentPath, operationOf } from '../deploy-set.ts';
import type { Stage } from '../stage.ts';

/** What something needs stays; what was deployed for shop goes with it; data stays unless asked. */
export async function destroyAll(stage: Stage, { user, view }: DeploySet): Promise<void> {
  stage.chapter('Destroying redis while shop needs it');
  const refused = await stage.follow(user, operationOf(await user.call('DELETE', deploymentPath('redis'))));
  stage.claim(refused.failure?.code === 'in_use', 'it was refused, and the dependent is named');

  stage.chapter('Destroying shop, and with it what was deployed for it');
  const done = await stage.follow(user, operationOf(await user.call('DELETE', deploymentPath('shop'))));
  const left = (await view.resources()).map(({ kind, name }) => `${kind} ${name}`);
  stage.deployment.left = left;
  stage.detail(`left in ${view.namespace}: ${left.join(', ') || 'nothing'}`);
  const { body } = await user.get(`/api/v1/deployments?namespace=${view.namespace}`);
  stage.claim(done.state === 'succeeded' && body.deployments.length === 0, 'shop, redis and web-app are gone');
  stage.claim(
    [...left].sort().join() === 'PersistentVolumeClaim data-redis-0,Secret chandlery.redis.kept',
    'only the volume of redis is left, with its password: data is deleted when asked for (deleteVolumes), never on the way',
  );
}
