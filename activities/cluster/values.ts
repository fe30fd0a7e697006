import type { ClusterSession, KubeObject } from '../../src/domain/cluster.ts';
import { DEPLOYMENT_ID_ANNOTATION, DEPLOYMENT_LABEL, MANAGED_BY, MANAGED_BY_LABEL } from '../../src/domain/cluster.ts';
import { deploymentLabelValue } from '../../src/domain/deployment-label.ts';
import type { DeploymentKey } from '../../src/domain/deployment-store.ts';
import { valuesSecretName } from '../../src/domain/deployment-store.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { secretEntries } from '../../src/domain/parameters/secret-entries.ts';
import { notOwned, ownershipOf } from '../../src/domain/plan/ownership.ts';
import type { SecretParameter } from '../../src/domain/rendered.ts';
import type { SecretMaker } from '../deps.ts';
import { deploymentIdOf } from './session.ts';

/**
 * Secret parameters live in one Secret per revision (`chandlery.<deployment>.v<n>`), made by create-if-absent and read back: whatever
 * attempt was first decides, and no later one computes another value. They never leave this process by another way than the cluster.
 */

export type Values = Record<string, string>;

/** What stands in a plan for a value that is not there yet; the same in a preview and in the run. */
const UNKNOWN = '(set when deployed)';

export interface ValueSources {
  secrets: SecretParameter[];
  /** Values Secret of the revision that is followed. */
  kept?: string;
  /** Secret with the request's own values. */
  inputs?: { name: string; parameters: string[] };
}

/** Values for a dry run: real ones where they stay, a placeholder where they are new. */
export async function plannedValues(
  session: ClusterSession,
  key: DeploymentKey,
  sources: ValueSources,
  signal: AbortSignal,
): Promise<Values> {
  const kept = await read(session, key.namespace, sources.kept, signal);
  const given = new Set(sources.inputs?.parameters);
  const entries = present(sources.secrets).flatMap((secret) =>
    secret.keys.map(
      (name) => [name, given.has(secret.name) ? UNKNOWN : (kept[name] ?? secret.defaults?.[name] ?? UNKNOWN)] as const,
    ),
  );
  return Object.fromEntries(entries);
}

/** Makes the revision's Secret unless it is there, and reads it back. */
export async function ensureValues(
  session: ClusterSession,
  maker: SecretMaker,
  key: DeploymentKey,
  revision: number,
  sources: ValueSources,
  signal: AbortSignal,
): Promise<{ values: Values; uid?: string }> {
  if (present(sources.secrets).length === 0) return { values: {} };
  const name = valuesSecretName(key.name, revision);
  const there = await session.get(secretRef(key.namespace, name), { signal });
  const object =
    there ?? (await session.createIfAbsent(await valuesSecret(session, maker, key, name, sources, signal), { signal })).object;
  const ownership = ownershipOf(object, deploymentIdOf(key));
  if (ownership !== 'ours') throw notOwned([{ ref: secretRef(key.namespace, name), ...ownership }]);
  return { values: decode(object), ...(object.metadata.uid !== undefined && { uid: object.metadata.uid }) };
}

/** The values of a revision that exists. Fails with secret_input_gone when somebody removed them. */
export async function valuesOf(
  session: ClusterSession,
  key: DeploymentKey,
  name: string | undefined,
  signal: AbortSignal,
): Promise<Values> {
  return read(session, key.namespace, name, signal);
}

async function valuesSecret(
  session: ClusterSession,
  maker: SecretMaker,
  key: DeploymentKey,
  name: string,
  sources: ValueSources,
  signal: AbortSignal,
): Promise<KubeObject> {
  const [kept, given] = await Promise.all([
    read(session, key.namespace, sources.kept, signal),
    read(session, key.namespace, sources.inputs?.name, signal),
  ]);
  const values: Values = {};
  for (const secret of present(sources.secrets)) {
    const own = given[secret.name];
    if (own !== undefined) Object.assign(values, secretEntries(secret, JSON.parse(own)));
    else if (sources.inputs?.parameters.includes(secret.name)) throw gone(secret.name);
    else if (secret.keys.every((member) => kept[member] !== undefined))
      for (const member of secret.keys) values[member] = kept[member] ?? '';
    else if (secret.defaults !== undefined) Object.assign(values, secret.defaults);
    else if (secret.generated !== undefined) Object.assign(values, await maker.make(secret, key));
    else throw gone(secret.name);
  }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: key.namespace,
      labels: { [MANAGED_BY_LABEL]: MANAGED_BY, [DEPLOYMENT_LABEL]: deploymentLabelValue(key.name), [VALUES_LABEL]: 'true' },
      annotations: { [DEPLOYMENT_ID_ANNOTATION]: deploymentIdOf(key) },
    },
    type: 'chandlery.dev/values',
    immutable: true,
    data: Object.fromEntries(Object.entries(values).map(([member, value]) => [member, Buffer.from(value).toString('base64')])),
  };
}

/** Marks the Secrets that hold a revision's values. */
export const VALUES_LABEL = 'chandlery.dev/values';

function present(secrets: SecretParameter[]): SecretParameter[] {
  return secrets.filter((secret) => secret.present);
}

async function read(session: ClusterSession, namespace: string, name: string | undefined, signal: AbortSignal): Promise<Values> {
  if (name === undefined || name === '') return {};
  const object = await session.get(secretRef(namespace, name), { signal });
  return object ? decode(object) : {};
}

function decode(object: KubeObject): Values {
  const data = (object.data ?? {}) as Record<string, string>;
  return Object.fromEntries(
    Object.entries(data).map(([member, value]) => [member, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

function gone(parameter: string): ChandleryError {
  return new ChandleryError('secret_input_gone', `the value of the secret parameter ${parameter} is not there any more`);
}

function secretRef(namespace: string, name: string) {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name };
}
