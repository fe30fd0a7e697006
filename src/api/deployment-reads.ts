import type { Request, Response } from 'express';
import { Router } from 'express';
import type { OperationsClient } from '../client/index.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { DeploymentRecord, RevisionRecord } from '../domain/deployment.ts';
import { ChandleryError } from '../domain/errors.ts';
import { targetId } from '../domain/operation.ts';
import type { Store } from '../domain/store.ts';
import { sessionOf } from './cluster-session.ts';
import { deploymentKeyOf, existingDeployment, presentRevision, revisionBody, revisionDetailBody } from './deployment-body.ts';
import { readEvents, readPods, readResources } from './deployment-cluster.ts';
import { readOutputs } from './deployment-outputs.ts';
import { parseWith } from './problem.ts';
import { outputQuerySchema, revisionPathSchema } from './schemas/deployments.ts';
import { operationQuerySchema } from './schemas/operations.ts';

/** The cluster has this long for all that one answer needs, milliseconds. */
const READ_TIMEOUT_MS = 15_000;

export interface DeploymentReadsDeps {
  operations: Pick<OperationsClient, 'list'>;
  store: Pick<Store, 'deployments' | 'documents' | 'audit'>;
  cluster?: Cluster | undefined;
}

/** What lies below a deployment: its objects, events and outputs in the cluster, its revisions and operations. */
export function createDeploymentReadsRouter({ operations, store, cluster }: DeploymentReadsDeps): Router {
  const { deployments } = store;
  const router = Router();

  router.get('/:id/resources', async (request, response) => {
    const session = sessionOf(cluster, request);
    const { key, revision } = await present(store, request);
    const signal = within(response);
    const [resources, { pods, truncated }] = await Promise.all([
      readResources(session, revision?.inventory ?? [], signal),
      readPods(session, key, signal),
    ]);
    response.json({ revision: revision?.number ?? 0, resources, pods, truncated });
  });

  router.get('/:id/events', async (request, response) => {
    const session = sessionOf(cluster, request);
    const { key, revision } = await present(store, request);
    response.json(await readEvents(session, key, revision?.inventory ?? [], within(response)));
  });

  router.get('/:id/outputs', async (request, response) => {
    const { secrets } = parseWith(outputQuerySchema, request.query, 'query');
    const session = sessionOf(cluster, request);
    const { key, revision } = await present(store, request);
    const outputs = await readOutputs({
      session,
      store,
      key,
      revision,
      withSecrets: secrets === 'true',
      signal: within(response),
    });
    response.set('Cache-Control', 'no-store').json({ outputs });
  });

  router.get('/:id/revisions', async (request, response) => {
    const key = await found(store, request);
    response.json({ revisions: (await deployments.revisions(key)).map(revisionBody) });
  });

  router.get('/:id/revisions/:number', async (request, response) => {
    const { id, number } = parseWith(revisionPathSchema, request.params, 'path');
    const key = await existingDeployment(deployments, deploymentKeyOf(id));
    const revision = await deployments.revision(key, number);
    if (!revision) throw new ChandleryError('revision_not_found', `${key.name} has no revision ${number}`);
    response.json(revisionDetailBody(revision));
  });

  router.get('/:id/operations', async (request, response) => {
    const { limit, cursor, state, kind } = parseWith(
      operationQuerySchema.pick({ limit: true, cursor: true, state: true, kind: true }),
      request.query,
      'query',
    );
    // One that is gone still has operations: the one that destroyed it, for instance.
    const target = targetId({ kind: 'deployment', ...deploymentKeyOf(request.params.id) });
    response.json(
      await operations.list({ target, limit, ...(cursor && { cursor }), ...(state && { state }), ...(kind && { kind }) }),
    );
  });

  return router;
}

function found(store: Pick<Store, 'deployments'>, request: Request<{ id: string }>): Promise<DeploymentRecord> {
  return existingDeployment(store.deployments, deploymentKeyOf(request.params.id));
}

async function present(
  store: Pick<Store, 'deployments'>,
  request: Request<{ id: string }>,
): Promise<{ key: DeploymentRecord; revision: RevisionRecord | undefined }> {
  const key = await found(store, request);
  return { key, revision: presentRevision(await store.deployments.revisions(key)) };
}

/** Aborted when the time is up, or when nobody waits for the answer any more. */
function within(response: Response): AbortSignal {
  const enough = new AbortController();
  const message = `the cluster did not answer within ${READ_TIMEOUT_MS / 1_000} s`;
  const timer = setTimeout(() => enough.abort(new ChandleryError('cluster_unavailable', message)), READ_TIMEOUT_MS);
  response.on('close', () => {
    clearTimeout(timer);
    enough.abort();
  });
  return enough.signal;
}
