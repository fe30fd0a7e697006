import { randomBytes } from 'node:crypto';
import type { Accepted } from '../client/start.ts';
import type { ClusterSession, KubeObject, ObjectRef } from '../domain/cluster.ts';
import { DEPLOYMENT_ID_ANNOTATION, DEPLOYMENT_LABEL, MANAGED_BY, MANAGED_BY_LABEL } from '../domain/cluster.ts';
import { deploymentLabelValue } from '../domain/deployment-label.ts';
import type { DeploymentKey } from '../domain/deployment-store.ts';
import { canonicalJson } from '../domain/effects.ts';
import { ChandleryError } from '../domain/errors.ts';
import { installId } from '../domain/operation.ts';

/** Tells Secrets with inputs of an operation from those of a deployment. */
const INPUTS_LABEL = 'chandlery.dev/inputs';
/** Random bytes of the name: enough that two requests never meet. */
const NAME_BYTES = 6;

/** Where secret parameters are, for whom it may concern; the values are in the cluster and nowhere else. */
export interface SecretInput {
  name: string;
  parameters: string[];
}

export interface SecretPlace {
  session: ClusterSession;
  deployment: DeploymentKey;
  /** Told, without any value, when a Secret that is of no use any more could not be removed. */
  onLeftover: (place: { namespace: string; secret: string }, error: unknown) => void;
}

/**
 * Writes the values, as the user, into a Secret that `start` is told the name of. When nothing starts, or the request joins one that runs,
 * the Secret is removed again. Fails as the cluster does (forbidden, namespace_missing, ...) before anything started, as `start` does, and
 * with target_busy where the one that runs was given other values.
 */
export async function withSecretInput<Started extends Pick<Accepted, 'id' | 'joined' | 'inputs'>>(
  place: SecretPlace,
  values: Readonly<Record<string, unknown>>,
  start: (secrets?: SecretInput) => Promise<Started>,
): Promise<Started> {
  const parameters = Object.keys(values).toSorted();
  if (parameters.length === 0) return await start();
  const written = await write(place, values);
  try {
    const started = await start({ name: written.metadata.name, parameters });
    if (!started.joined) return started;
    await demandSame(place, written, started);
    await remove(place, written);
    return started;
  } catch (error) {
    await remove(place, written);
    throw error;
  }
}

/** An operation that was given another value would not do what is asked. It is read as the user, who learns no more than he may read. */
async function demandSame(
  { session, deployment: { namespace, name } }: SecretPlace,
  written: KubeObject,
  { id, inputs }: Pick<Accepted, 'id' | 'inputs'>,
): Promise<void> {
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace, name: inputs ?? '' };
  const running = inputs === undefined ? undefined : await session.get(ref);
  if (running && canonicalJson(running.data) === canonicalJson(written.data)) return;
  const why = running ? 'that was given other secret values' : 'whose secret values are not there to compare any more';
  throw new ChandleryError('target_busy', `${name} in ${namespace} is being changed by an operation ${why}`, { operation: id });
}

async function write({ session, deployment }: SecretPlace, values: Readonly<Record<string, unknown>>): Promise<KubeObject> {
  const name = `chandlery-inputs-${randomBytes(NAME_BYTES).toString('hex')}`;
  const { object, created } = await session.createIfAbsent({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: deployment.namespace,
      labels: {
        [MANAGED_BY_LABEL]: MANAGED_BY,
        [DEPLOYMENT_LABEL]: deploymentLabelValue(deployment.name),
        [INPUTS_LABEL]: 'true',
      },
      // With the label it makes the Secret the deployment's own, which the operation removes at its end.
      annotations: { [DEPLOYMENT_ID_ANNOTATION]: installId(deployment) },
    },
    type: 'Opaque',
    data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(JSON.stringify(value))])),
  });
  if (!created) throw new ChandleryError('internal', `there is a Secret ${name} already`);
  return object;
}

/** The request is answered as it went; a Secret left behind is told to the log. */
async function remove(
  { session, deployment: { namespace }, onLeftover }: SecretPlace,
  { metadata: { name, uid } }: KubeObject,
): Promise<void> {
  const ref: ObjectRef = { apiVersion: 'v1', kind: 'Secret', namespace, name };
  try {
    if (uid === undefined) throw new ChandleryError('internal', 'the cluster gave no uid');
    await session.delete(ref, { uid });
  } catch (error) {
    onLeftover({ namespace, secret: name }, error);
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
