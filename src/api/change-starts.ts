import type { Request, Response } from 'express';
import type { OperationsClient } from '../client/index.ts';
import type { Accepted } from '../client/start.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { DeploymentKey } from '../domain/deployment-store.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { Target } from '../domain/operation.ts';
import { installId } from '../domain/operation.ts';
import type { ParameterValues } from '../domain/parameters/schema.ts';
import type { RegistrySet } from '../domain/registry.ts';
import type { SourceRegistries } from '../domain/sources/for-user.ts';
import type { Store } from '../domain/store.ts';
import { sendAccepted } from './accepted.ts';
import { requireRole } from './access.ts';
import { requesterOf } from './auth.ts';
import type { DeployRequest, Prepared, UpgradeRequest } from './change-requests.ts';
import { registriesFor, sessionOf } from './cluster-session.ts';
import { existingDeployment } from './deployment-body.ts';
import { deployAsPlanned, readPlan, rollbackAsPlanned, upgradeAsPlanned } from './plan-requests.ts';
import type { Rollout } from './schemas/changes.ts';
import { withSecretInput } from './secret-inputs.ts';

export interface ChangeDeps {
  operations: Pick<OperationsClient, 'deploy' | 'upgrade' | 'rollback' | 'destroy'>;
  store: Pick<Store, 'deployments' | 'documents' | 'installs'>;
  registries: RegistrySet;
  /** What sources of namespaces offer. */
  sources?: SourceRegistries | undefined;
  cluster?: Cluster | undefined;
  limits: { stepAttempts: number; retryInitialMs: number; operationMs: number };
  log: { error(fields: Record<string, unknown>, message: string): void };
}

/** Starts the changes of one request, each with its secret values put away first. Fails with cluster_unavailable where there is none. */
export class Changes {
  readonly session;
  readonly source;
  readonly #requester;

  constructor(
    private readonly deps: ChangeDeps,
    private readonly request: Request,
    private readonly response: Response,
  ) {
    this.session = sessionOf(deps.cluster, request);
    this.source = { registries: registriesFor(deps, request), installs: deps.store.installs };
    this.#requester = requesterOf(request);
  }

  async deploy(key: DeploymentKey, { request, secret }: Prepared<DeployRequest>, rollout: Rollout): Promise<void> {
    const there = await this.deps.store.deployments.get(key);
    // One that is on its way may be this very request's: the start tells whether it joins or is in the way.
    if (there && there.state !== 'deploying')
      throw new ChandleryError('deployment_exists', `there is a deployment ${key.name} in namespace ${key.namespace} already`);
    await this.#start(key, secret, (started) =>
      this.deps.operations.deploy({ ...this.#input(key), request: { ...request, ...rolloutOf(rollout), ...started } }),
    );
  }

  async destroy(key: DeploymentKey, request: { deleteVolumes?: boolean }): Promise<void> {
    answer(this.response, key, await this.deps.operations.destroy({ ...this.#input(key), request }));
  }

  async upgrade(key: DeploymentKey, { request, secret }: Prepared<UpgradeRequest>, rollout: Rollout): Promise<void> {
    await this.#start(key, secret, (started) =>
      this.deps.operations.upgrade({ ...this.#input(key), request: { ...request, ...rolloutOf(rollout), ...started } }),
    );
  }

  async rollback(key: DeploymentKey, request: { plan?: string; revision?: number }, rollout: Rollout): Promise<void> {
    await this.#start(key, {}, () =>
      this.deps.operations.rollback({ ...this.#input(key), request: { ...request, ...rolloutOf(rollout) } }),
    );
  }

  /** Exactly what the plan says, as whichever kind of change it is. */
  async carryOut(
    digest: string,
    secrets: ParameterValues,
    body: Rollout & { acceptUnsigned?: boolean | undefined },
  ): Promise<void> {
    const { store } = this.deps;
    const plan = await readPlan(store.documents, digest);
    await requireRole(this.request, 'operator', plan.namespace);
    const context = { source: this.source, store };
    const consent = { ...(body.acceptUnsigned !== undefined && { acceptUnsigned: body.acceptUnsigned }) };
    const key = { cluster: plan.cluster, namespace: plan.namespace, name: plan.name };
    if (plan.kind === 'deploy') {
      const { request, secret } = await deployAsPlanned(context, plan, secrets);
      return await this.deploy(key, { request: { ...request, ...consent }, secret }, body);
    }
    const deployment = await existingDeployment(store.deployments, key);
    if (plan.kind === 'rollback') return await this.rollback(key, rollbackAsPlanned(plan, deployment, secrets), body);
    const { request, secret } = await upgradeAsPlanned(context, plan, deployment, secrets);
    await this.upgrade(key, { request: { ...request, ...consent }, secret }, body);
  }

  #input(key: DeploymentKey) {
    return { target: targetOf(key), requester: this.#requester, limits: this.deps.limits };
  }

  async #start(
    key: DeploymentKey,
    secret: ParameterValues,
    start: (started: { secrets?: { name: string; parameters: string[] } }) => Promise<Accepted>,
  ): Promise<void> {
    const place = {
      session: this.session,
      deployment: key,
      onLeftover: (where: { namespace: string; secret: string }, error: unknown) =>
        this.deps.log.error({ err: error, ...where }, 'a Secret with inputs that are of no use any more could not be removed'),
    };
    const accepted = await withSecretInput(place, secret, (secrets) => start(secrets === undefined ? {} : { secrets }));
    answer(this.response, key, accepted);
  }
}

function targetOf({ cluster, namespace, name }: DeploymentKey): Target {
  return { kind: 'deployment', cluster, namespace, name };
}

function answer(response: Response, key: DeploymentKey, accepted: Accepted): void {
  sendAccepted(response, accepted, { deployment: installId(key) });
}

function rolloutOf({ force, keepFailed, readySeconds }: Rollout) {
  return {
    ...(force !== undefined && { force }),
    ...(keepFailed !== undefined && { keepFailed }),
    ...(readySeconds !== undefined && { readySeconds }),
  };
}
