import type { Request } from 'express';
import type { z } from 'zod';
import type { OperationsClient } from '../client/index.ts';
import type { Correction, Replayed } from '../client/replay.ts';
import type { Cluster } from '../domain/cluster.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { OperationView } from '../domain/operation.ts';
import { parseOperationId } from '../domain/operation.ts';
import type { ParameterValues } from '../domain/parameters/index.ts';
import type { RegistrySet } from '../domain/registry.ts';
import type { Store } from '../domain/store.ts';
import { requesterOf } from './auth.ts';
import { type Prepared, prepareAgain, prepareUpgrade } from './change-requests.ts';
import { sessionOf } from './cluster-session.ts';
import { existingDeployment } from './deployment-body.ts';
import type { replayRequestSchema } from './schemas/operations.ts';
import { withSecretInput } from './secret-inputs.ts';

export interface ReplayDeps {
  operations: Pick<OperationsClient, 'get' | 'replay'>;
  store: Pick<Store, 'deployments' | 'documents' | 'installs'>;
  registries: RegistrySet;
  cluster?: Cluster | undefined;
  log: { error(fields: Record<string, unknown>, message: string): void };
}

type ReplayBody = z.infer<typeof replayRequestSchema>;
type Corrections = NonNullable<ReplayBody['input']>;
/** What is read back of the request that an operation was started with. */
interface Started {
  change?: string;
  registry?: string;
  name?: string;
  range?: string;
  parameters?: ParameterValues;
  secrets?: { parameters: string[] };
}

/** Replays an operation. Corrected parameters are checked and their secret values put away like those of a first request. */
export async function startReplay(
  deps: ReplayDeps,
  request: Request<{ id: string }>,
  { from, input = {} }: ReplayBody,
): Promise<Replayed> {
  const { id } = request.params;
  const { parameters } = input;
  const requester = requesterOf(request);
  if (parameters === undefined) return deps.operations.replay(id, { from, correction: plainCorrection(input), requester });
  const target = parseOperationId(id)?.target;
  const operation = await deps.operations.get(id);
  const change = changeOf(operation);
  if (!target || (change !== 'deploy' && change !== 'upgrade'))
    throw new ChandleryError('invalid_request', `parameters cannot be corrected in a replay of ${change}`, {
      issues: [{ path: 'body/input/parameters', message: 'only a deploy, an upgrade or their plan has parameters' }],
    });
  const session = sessionOf(deps.cluster, request);
  // A plan's target has a digest behind the deployment's name.
  const name = operation.kind === 'plan' ? String(operation.input.deployment) : target.name;
  const key = { cluster: target.cluster, namespace: target.namespace, name };
  const prepared = await prepareCorrection(deps, key, change, operation.input as Started, { ...input, parameters });
  const correction = { ...plainCorrection(input), parameters: prepared.request.parameters ?? {} };
  if (operation.kind === 'plan') {
    const secrets = { name: '', parameters: Object.keys(prepared.secret).toSorted() };
    return deps.operations.replay(id, { from, correction: { ...correction, secrets }, requester });
  }
  const onLeftover = (where: { namespace: string; secret: string }, error: unknown) =>
    deps.log.error({ err: error, ...where }, 'a Secret with inputs that are of no use any more could not be removed');
  return withSecretInput({ session, deployment: key, onLeftover }, prepared.secret, (secrets) =>
    deps.operations.replay(id, { from, correction: { ...correction, ...(secrets && { secrets }) }, requester }),
  );
}

function changeOf({ kind, input }: OperationView): string {
  return kind === 'plan' ? String(input.change) : kind;
}

function plainCorrection({ registry, version, acceptUnsigned, force, readySeconds, revision }: Corrections): Correction {
  return {
    ...(registry !== undefined && { registry }),
    ...(version !== undefined && { range: version }),
    ...(acceptUnsigned !== undefined && { acceptUnsigned }),
    ...(force !== undefined && { force }),
    ...(readySeconds !== undefined && { readySeconds }),
    ...(revision !== undefined && { revision }),
  };
}

/** The corrected parameters together with those that stay, by the template of the corrected request. */
async function prepareCorrection(
  { store, registries }: ReplayDeps,
  key: { cluster: string; namespace: string; name: string },
  change: 'deploy' | 'upgrade',
  before: Started,
  { registry = before.registry, version = before.range, parameters }: Corrections & { parameters: ParameterValues },
): Promise<Prepared<{ parameters?: ParameterValues }>> {
  const source = { registries, installs: store.installs };
  const merged = { ...before.parameters, ...parameters };
  const prepared =
    change === 'upgrade'
      ? await prepareUpgrade(
          { source, store, deployment: await existingDeployment(store.deployments, key) },
          { version, parameters: merged },
        )
      : await prepareAgain(source, key.namespace, referenceOf(before, registry, version), withoutNull(merged));
  const gone = (before.secrets?.parameters ?? []).filter((name) => !Object.hasOwn(prepared.secret, name));
  if (gone.length > 0)
    throw new ChandleryError('secret_input_gone', `the values of ${gone.join(', ')} are gone: give them again`);
  // null is what takes one away, also from the request that is corrected.
  return { secret: prepared.secret, request: { parameters: { ...nullOnes(parameters), ...prepared.request.parameters } } };
}

function referenceOf({ name = '' }: Started, registry: string | undefined, range: string | undefined) {
  return { name, ...(registry !== undefined && { registry }), ...(range !== undefined && { range }) };
}

function withoutNull(values: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

function nullOnes(values: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value === null));
}
