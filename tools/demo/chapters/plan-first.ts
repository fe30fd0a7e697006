import type { DeploySet } from '../deploy-set.ts';
import { showPlan } from '../deploy-set.ts';
import type { Stage } from '../stage.ts';

const FOREIGN_NAMESPACE = 'kube-system';
const FIRST_VERSION = 'demo/shop@2.0.0';

/** Before anything is changed: what may not be done is refused, what would be done is shown. */
export async function planFirst(stage: Stage, { user, view }: DeploySet): Promise<string> {
  stage.chapter(`Planning a deployment where the user has no rights: ${FOREIGN_NAMESPACE}`);
  const refused = await user.call('POST', '/api/v1/plans', { namespace: FOREIGN_NAMESPACE, ref: 'demo/mailpit' });
  stage.detail(`${refused.status} ${refused.body.code}: ${refused.body.detail}`);
  stage.deployment.refused = {
    namespace: FOREIGN_NAMESPACE,
    status: refused.status,
    code: refused.body.code,
    message: refused.body.detail,
  };
  stage.claim(refused.status === 403 && refused.body.code === 'forbidden', 'Kubernetes decides, and says what is missing');

  stage.chapter(`Planning ${FIRST_VERSION} in ${view.namespace}: every object is tried by the cluster, nothing is changed`);
  const plan = await showPlan(stage, user, { namespace: view.namespace, ref: FIRST_VERSION });
  stage.deployment.plan = { digest: plan.digest, summary: plan.summary };
  stage.claim(
    plan.objects.length > 0 && plan.objects.every(({ action, checked }) => action === 'create' && checked === 'cluster'),
    'the cluster accepted each object in a dry run',
  );
  stage.claim((await view.objects()).length === 0, 'the namespace is still empty');
  return plan.digest;
}
