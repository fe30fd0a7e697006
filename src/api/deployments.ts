import { Router } from 'express';
import type { DeploymentRecord } from '../domain/deployment.ts';
import { ChandleryError } from '../domain/errors.ts';
import { LOCAL_CLUSTER } from '../domain/operation.ts';
import { requireRole } from './access.ts';
import { prepareDeploy, prepareUpgrade } from './change-requests.ts';
import { type ChangeDeps, Changes } from './change-starts.ts';
import { deploymentBody, deploymentKeyOf, existingDeployment } from './deployment-body.ts';
import { parseWith } from './problem.ts';
import { deployRequestSchema, destroyQuerySchema, rollbackRequestSchema, upgradeRequestSchema } from './schemas/changes.ts';
import { deploymentQuerySchema } from './schemas/deployments.ts';

/** Deployments: listed from the store, changed by operations. What they are in the cluster: deployment-reads.ts. */
export function createDeploymentsRouter(deps: ChangeDeps): Router {
  const { deployments } = deps.store;
  const router = Router();

  router.get('/', async (request, response) => {
    response.json(await page(deps, parseWith(deploymentQuerySchema, request.query, 'query')));
  });

  router.get('/:id', async (request, response) => {
    const key = deploymentKeyOf(request.params.id);
    const record = await existingDeployment(deployments, key);
    response.json({ ...deploymentBody(record), dependents: await deployments.dependents(key) });
  });

  router.post('/', async (request, response) => {
    const body = parseWith(deployRequestSchema, request.body ?? {}, 'body');
    const changes = new Changes(deps, request, response);
    if (body.plan !== undefined) return await changes.carryOut(body.plan, body.secrets ?? {}, body);
    const namespace = body.namespace ?? 'default';
    await requireRole(request, 'operator', namespace);
    const { name, ...prepared } = await prepareDeploy(changes.source, namespace, body);
    await changes.deploy({ cluster: LOCAL_CLUSTER, namespace, name }, prepared, body);
  });

  router.patch('/:id', async (request, response) => {
    const body = parseWith(upgradeRequestSchema, request.body ?? {}, 'body');
    const changes = new Changes(deps, request, response);
    const deployment = await existingDeployment(deployments, deploymentKeyOf(request.params.id));
    await changes.upgrade(
      deployment,
      await prepareUpgrade({ source: changes.source, store: deps.store, deployment }, body),
      body,
    );
  });

  router.post('/:id/rollback', async (request, response) => {
    const { revision, ...rollout } = parseWith(rollbackRequestSchema, request.body ?? {}, 'body');
    const changes = new Changes(deps, request, response);
    const deployment = await existingDeployment(deployments, deploymentKeyOf(request.params.id));
    if (revision !== undefined && !(await deployments.revision(deployment, revision)))
      throw new ChandleryError('revision_not_found', `${deployment.name} has no revision ${revision}`);
    await changes.rollback(deployment, { ...(revision !== undefined && { revision }) }, rollout);
  });

  router.delete('/:id', async (request, response) => {
    const { deleteVolumes } = parseWith(destroyQuerySchema, request.query, 'query');
    const changes = new Changes(deps, request, response);
    const deployment = await existingDeployment(deployments, deploymentKeyOf(request.params.id));
    await changes.destroy(deployment, { ...(deleteVolumes === 'true' && { deleteVolumes: true }) });
  });

  return router;
}

async function page(
  { store }: ChangeDeps,
  query: { namespace?: string | undefined; template?: string | undefined; limit: number; cursor?: string | undefined },
) {
  const { namespace, template, limit, cursor } = query;
  // One more than asked for tells whether there is a next page.
  const found = await store.deployments.list({
    cluster: LOCAL_CLUSTER,
    limit: limit + 1,
    ...(namespace !== undefined && { namespace }),
    ...(template !== undefined && { template }),
    ...(cursor !== undefined && { after: placeOf(cursor) }),
  });
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    deployments: shown.map(deploymentBody),
    ...(found.length > limit && last && { nextCursor: cursorOf(last) }),
  };
}

function cursorOf({ namespace, name }: DeploymentRecord): string {
  return Buffer.from(`${namespace}/${name}`, 'utf8').toString('base64url');
}

function placeOf(cursor: string): string {
  const place = Buffer.from(cursor, 'base64url').toString('utf8');
  if (/^[a-z0-9.-]+\/[a-z0-9._-]+$/.test(place)) return place;
  throw new ChandleryError('invalid_request', 'the cursor is not one that this list gave', {
    issues: [{ path: 'query/cursor', message: 'leave it out to start at the first page' }],
  });
}
