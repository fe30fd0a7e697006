import type { Plan } from '../../src/domain/deployment.ts';
import { planText } from '../../src/domain/plan/text.ts';
import type { ApiAnswer, ApiClient } from '../lab/api-client.ts';
import type { LocalCluster } from '../local-cluster/cluster.ts';
import { NAMESPACE } from './cluster.ts';
import type { ClusterView } from './cluster-view.ts';
import type { DemoSet, Stage } from './stage.ts';

/** What the chapters about deployments play with besides. */
export interface DeploySet extends DemoSet {
  cluster: LocalCluster;
  view: ClusterView;
  /** The API as the ordinary user. */
  user: ApiClient;
}

export function deploymentPath(name: string): string {
  return `/api/v1/deployments/local.${NAMESPACE}.${name}`;
}

/** Makes a plan and shows it as `chandlery plan` does. */
export async function showPlan(stage: Stage, user: ApiClient, request: Record<string, unknown>): Promise<Plan> {
  const { status, body } = await user.call('POST', '/api/v1/plans', request);
  if (status !== 201) throw new Error(`no plan: ${status} ${JSON.stringify(body)}`);
  const plan = body as Plan;
  for (const line of planText(plan)) stage.detail(line);
  stage.detail(`its name: ${plan.digest}`);
  return plan;
}

/** The operation of an accepted request. */
export function operationOf({ status, body }: ApiAnswer): string {
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return body.operation as string;
}
