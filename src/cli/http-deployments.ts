import type { OutputView, Plan, ResourceView, RevisionRecord, TemplatePin } from '../domain/deployment.ts';
import { installId, LOCAL_CLUSTER } from '../domain/operation.ts';
import type { ObjectEvent } from '../domain/readiness/events.ts';
import type { Accepted, OperationSummary } from './http.ts';
import type { Call } from './transport.ts';

/** The API's plans and deployments as the CLI uses them. Every method fails with a CliError. */

/** `members`: one of them must be in an answer that is to be believed. */
export type JsonCall = <Answer>(
  members: (keyof Answer & string) | ReadonlyArray<keyof Answer & string>,
  call: Call,
) => Promise<Answer>;

export interface Deployment {
  id: string;
  namespace: string;
  name: string;
  source: string;
  template: TemplatePin;
  state: string;
  revision: number;
  owner?: string;
  dependencies: Array<{ namespace: string; name: string; template: string; range: string; owned: boolean }>;
  dependents?: Array<{ namespace: string; name: string; owned: boolean }>;
  requester: string;
  operation: string;
  createdAt: string;
  updatedAt: string;
}

export type Revision = Omit<RevisionRecord, 'parameters' | 'inventory' | 'rendered' | 'values'>;

export interface DeploymentAccepted extends Accepted {
  /** Id of the deployment. */
  deployment: string;
}

export interface Rollout {
  force?: boolean;
  keepFailed?: boolean;
  readySeconds?: number;
  acceptUnsigned?: boolean;
}

type Values = Record<string, unknown>;

export interface NewDeployment {
  namespace?: string;
  name?: string;
  ref?: string;
  image?: string;
  size?: string;
  spot?: boolean;
  owner?: string;
  parameters?: Values;
}

export type DeployBody = NewDeployment & Rollout & { plan?: string; secrets?: Values };
export type UpgradeBody = Rollout & { version?: string; parameters?: Values };
export type PlanBody = NewDeployment & {
  deployment?: string;
  version?: string;
  revision?: number;
  force?: boolean;
  acceptUnsigned?: boolean;
};

export interface DeploymentQuery {
  [name: string]: string | number | undefined;
  namespace?: string;
  template?: string;
  limit?: number;
}

/** `local.team-a.shop`, or the name of a deployment in the namespace. A name has no dot, an id has two. */
export function deploymentIdOf(argument: string, namespace: string): string {
  return argument.includes('.') ? argument : installId({ cluster: LOCAL_CLUSTER, namespace, name: argument });
}

const pathOf = (id: string, below = '') => `api/v1/deployments/${encodeURIComponent(id)}${below}`;

export function deploymentCalls(json: JsonCall) {
  const accepted = (call: Call) => json<DeploymentAccepted>('operation', call);
  return {
    /** A plan, or the operation that works it out. */
    plan: (body: PlanBody) =>
      json<Partial<Plan> & Partial<Accepted>>(['summary', 'operation'], { method: 'POST', path: 'api/v1/plans', body }),
    planOf: (digest: string) => json<Plan>('summary', { path: `api/v1/plans/${encodeURIComponent(digest)}` }),
    deploy: (body: DeployBody) => accepted({ method: 'POST', path: 'api/v1/deployments', body }),
    upgrade: (id: string, body: UpgradeBody) => accepted({ method: 'PATCH', path: pathOf(id), body }),
    rollback: (id: string, body: Rollout & { revision?: number }) =>
      accepted({ method: 'POST', path: pathOf(id, '/rollback'), body }),
    destroy: (id: string, query: { deleteVolumes?: string }) => accepted({ method: 'DELETE', path: pathOf(id), query }),
    deployments: (query: DeploymentQuery) =>
      json<{ deployments: Deployment[]; nextCursor?: string }>('deployments', { path: 'api/v1/deployments', query }),
    deployment: (id: string) => json<Deployment>('template', { path: pathOf(id) }),
    resources: (id: string) =>
      json<{ revision: number; resources: ResourceView[]; pods: ResourceView[]; truncated: boolean }>('resources', {
        path: pathOf(id, '/resources'),
      }),
    deploymentEvents: (id: string) =>
      json<{ events: ObjectEvent[]; truncated: boolean }>('events', { path: pathOf(id, '/events') }),
    outputs: (id: string, query: { secrets: 'true' | 'false' }) =>
      json<{ outputs: OutputView[] }>('outputs', { path: pathOf(id, '/outputs'), query }),
    revisions: (id: string) => json<{ revisions: Revision[] }>('revisions', { path: pathOf(id, '/revisions') }),
    deploymentOperations: (id: string, query: { limit?: number }) =>
      json<{ operations: OperationSummary[] }>('operations', { path: pathOf(id, '/operations'), query }),
  };
}
