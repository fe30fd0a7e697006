import type { Request, Response } from 'express';
import { Router } from 'express';
import type { z } from 'zod';
import type { OperationsClient } from '../client/index.ts';
import { EVERYWHERE } from '../domain/access.ts';
import type { Cluster } from '../domain/cluster.ts';
import { hexOf } from '../domain/digest.ts';
import { ChandleryError } from '../domain/errors.ts';
import { jsonDigest } from '../domain/json-digest.ts';
import type { OperationView } from '../domain/operation.ts';
import { LOCAL_CLUSTER, parseDeploymentId } from '../domain/operation.ts';
import type { RegistrySet } from '../domain/registry.ts';
import type { SourceRegistries } from '../domain/sources/for-user.ts';
import type { Store } from '../domain/store.ts';
import { sendAccepted } from './accepted.ts';
import { requireRole } from './access.ts';
import { requesterOf } from './auth.ts';
import { prepareDeploy, prepareUpgrade } from './change-requests.ts';
import { registriesFor, sessionOf } from './cluster-session.ts';
import { deploymentKeyOf, existingDeployment } from './deployment-body.ts';
import { readPlan } from './plan-requests.ts';
import { parseWith } from './problem.ts';
import { planRequestSchema } from './schemas/changes.ts';

/** A request waits this long for its plan, milliseconds: below the 30 s after which proxies and the CLI give up. */
const PLAN_WAIT_MS = 25_000;
/** Hex digits of the request's digest in a plan's target: plans of different requests never wait for each other. */
const TARGET_DIGEST_LENGTH = 12;

const DEFAULT_NAMESPACE = 'default';

export interface PlansRouterDeps {
  operations: Pick<OperationsClient, 'plan' | 'settled'>;
  store: Pick<Store, 'deployments' | 'documents' | 'installs'>;
  registries: RegistrySet;
  /** What sources of namespaces offer. */
  sources?: SourceRegistries | undefined;
  cluster?: Cluster | undefined;
  limits: { stepAttempts: number; retryInitialMs: number; operationMs: number };
}

type PlanBody = z.infer<typeof planRequestSchema>;
type PlanRequest = Parameters<OperationsClient['plan']>[0]['request'];

/** Plans: worked out by an operation that changes nothing, answered at once when that is quick. */
export function createPlansRouter(deps: PlansRouterDeps): Router {
  const { operations, store, limits } = deps;
  const router = Router();

  router.post('/', async (request, response) => {
    const body = parseWith(planRequestSchema, request.body ?? {}, 'body');
    await requireRole(request, 'installer', namespaceOf(body));
    const { namespace, plan } = await planRequest(deps, request, body);
    const requester = requesterOf(request);
    // The requester too: what a plan shows was read with his rights, so nobody may join another one's.
    const digest = hexOf(jsonDigest({ plan, requester })).slice(0, TARGET_DIGEST_LENGTH);
    const target = { kind: 'plan' as const, cluster: LOCAL_CLUSTER, namespace, name: `${plan.deployment}.${digest}` };
    const accepted = await operations.plan({ target, requester, limits, request: plan });
    const ended = await operations.settled(accepted.id, { withinMs: PLAN_WAIT_MS, signal: untilGone(response) });
    if (!ended) return sendAccepted(response, accepted);
    const found = await readPlan(store.documents, planOf(ended));
    response.status(201).location(`/api/v1/plans/${found.digest}`).json(found);
  });

  router.get('/:digest', async (request, response) => {
    const plan = await readPlan(store.documents, request.params.digest);
    await requireRole(request, 'viewer', plan.namespace);
    response.json(plan);
  });

  return router;
}

/** Of what is to be planned; `*` for an id that is none, which only those may learn who may ask anywhere. */
function namespaceOf({ deployment, namespace = DEFAULT_NAMESPACE }: PlanBody): string {
  return deployment === undefined ? namespace : (parseDeploymentId(deployment)?.namespace ?? EVERYWHERE);
}

async function planRequest(
  deps: PlansRouterDeps,
  request: Request,
  body: PlanBody,
): Promise<{ namespace: string; plan: PlanRequest }> {
  sessionOf(deps.cluster, request);
  const source = { registries: registriesFor(deps, request), installs: deps.store.installs };
  const { deployments } = deps.store;
  const force = { ...(body.force !== undefined && { force: body.force }) };
  if (body.deployment === undefined) {
    const namespace = body.namespace ?? DEFAULT_NAMESPACE;
    const { name, request: wanted, secret } = await prepareDeploy(source, namespace, body);
    if (await deployments.get({ cluster: LOCAL_CLUSTER, namespace, name }))
      throw new ChandleryError('deployment_exists', `there is a deployment ${name} in namespace ${namespace} already`);
    return { namespace, plan: { ...wanted, ...force, ...namesOf(secret), change: 'deploy', deployment: name } };
  }
  const deployment = await existingDeployment(deployments, deploymentKeyOf(body.deployment));
  const { namespace, name } = deployment;
  if (body.namespace !== undefined && body.namespace !== namespace)
    throw new ChandleryError('invalid_request', `${body.deployment} is not in namespace ${body.namespace}`, {
      issues: [{ path: 'body/namespace', message: 'is part of the id: leave it out' }],
    });
  if (body.revision !== undefined) {
    if (!(await deployments.revision(deployment, body.revision)))
      throw new ChandleryError('revision_not_found', `${name} has no revision ${body.revision}`);
    return { namespace, plan: { revision: body.revision, ...force, change: 'rollback', deployment: name } };
  }
  const { request: wanted, secret } = await prepareUpgrade({ source, store: deps.store, deployment }, body);
  return { namespace, plan: { ...wanted, ...force, ...namesOf(secret), change: 'upgrade', deployment: name } };
}

/** A plan needs no secret values, only which ones there are. */
function namesOf(secret: Record<string, unknown>): Pick<PlanRequest, 'secrets'> {
  const parameters = Object.keys(secret).toSorted();
  return parameters.length > 0 ? { secrets: { name: '', parameters } } : {};
}

/** Fails as the operation failed. */
function planOf({ id, state, result, failure }: OperationView): string {
  if (state === 'succeeded') return (result as { plan: string }).plan;
  if (failure) throw new ChandleryError(failure.code, failure.message, { ...failure.details, operation: id });
  throw new ChandleryError(state === 'cancelled' ? 'cancelled' : 'internal', `the plan ended ${state}`, { operation: id });
}

/** Aborted when the caller hangs up: nobody waits for the answer any more. */
function untilGone(response: Response): AbortSignal {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  return gone.signal;
}
