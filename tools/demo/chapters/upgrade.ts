import type { DeploySet } from '../deploy-set.ts';
import { deploymentPath, operationOf, showPlan } from '../deploy-set.ts';
import type { Stage } from '../stage.ts';

/** Another version and another parameter: the plan shows each field, and then exactly it is carried out. */
export async function upgrade(stage: Stage, { user, view }: DeploySet): Promise<void> {
  stage.chapter('Upgrading shop to 2.1.0 with a parameter changed: first the plan');
  const deployment = `local.${view.namespace}.shop`;
  const plan = await showPlan(stage, user, { deployment, version: '2.1.0', parameters: { logLevel: 'debug' } });
  stage.claim(plan.summary.update > 0 && plan.base === 1, `it says each field that would change, from revision ${plan.base}`);

  stage.chapter('Carrying the plan out');
  const done = await stage.follow(user, operationOf(await user.call('POST', '/api/v1/deployments', { plan: plan.digest })));
  const { body } = await user.get(deploymentPath('shop'));
  stage.deployment.upgrade = { digest: plan.digest, summary: plan.summary, revision: body.revision };
  stage.claim(
    done.state === 'succeeded' && body.revision === 2 && body.template.version === '2.1.0',
    `shop is at revision ${body.revision}, ${body.template.name} ${body.template.version}`,
  );
}
