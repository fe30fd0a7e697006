import type { ClusterSession, KubeObject } from '../../src/domain/cluster.ts';
import { DEPLOYMENT_ID_ANNOTATION, DEPLOYMENT_LABEL, MANAGED_BY, MANAGED_BY_LABEL } from '../../src/domain/cluster.ts';
import { deploymentLabelValue } from '../../src/domain/deployment-label.ts';
import type { DeploymentKey } from '../../src/domain/deployment-store.ts';
import { keptValuesName, valuesSecretName } from '../../src/domain/deployment-store.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { jsonDigest } from '../../src/domain/json-digest.ts';
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
  /** It is the deployment's first revision: it goes on with what an earlier deployment of its name left with its volumes. */
  first?: boolean;
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
  const kept = await valuesBefore(session, key, sources, signal);
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

/** The values of a revision that exists; none when somebody removed them, and what needs one then fails with secret_input_gone. */
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
    valuesBefore(session, key, sources, signal),
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
  return secretOf(
    key,
    name,
    Object.fromEntries(Object.entries(values).map(([member, value]) => [member, Buffer.from(value).toString('base64')])),
  );
}

/** `data` as the cluster has it, in base64. */
function secretOf(key: DeploymentKey, name: string, data: Record<string, string>): KubeObject {
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
    data,
  };
}

/**
 * Leaves the values of the revision `name` for the next deployment of this name, in place of older ones. Answers the Secret they are in;
 * undefined when there are none. Asked again after that revision's Secret went, it changes nothing. Fails with not_owned.
 */
export async function leaveValues(
  session: ClusterSession,
  key: DeploymentKey,
  name: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const kept = keptValuesName(key.name);
  const ref = secretRef(key.namespace, kept);
  const older = await session.get(ref, { signal });
  const ownership = older ? ownershipOf(older, deploymentIdOf(key)) : 'ours';
  if (ownership !== 'ours') throw notOwned([{ ref, ...ownership }]);
  const newest = name === undefined ? undefined : await session.get(secretRef(key.namespace, name), { signal });
  if (!newest || ownershipOf(newest, deploymentIdOf(key)) !== 'ours') return older && kept;
  if (older && jsonDigest(older.data) === jsonDigest(newest.data)) return kept;
  if (older) await session.delete(ref, { uid: older.metadata.uid ?? '' }, { signal });
  await session.createIfAbsent(secretOf(key, kept, (newest.data ?? {}) as Record<string, string>), { signal });
  return kept;
}

/** Marks the Secrets that hold a revision's values. */
export const VALUES_LABEL = 'chandlery.dev/values';

function present(secrets: SecretParameter[]): SecretParameter[] {
  return secrets.filter((secret) => secret.present);
}

/**
 * What a revision goes on with: a volume that was initialised with a password opens with no other. Fails with secret_input_gone where a
 * value was to stay and somebody removed its Secret: another one must not take its place unasked.
 */
async function valuesBefore(
  session: ClusterSession,
  key: DeploymentKey,
  { secrets, kept, first, inputs }: ValueSources,
  signal: AbortSignal,
): Promise<Values> {
  if (present(secrets).length === 0) return {};
  if (kept !== undefined) {
    const before = await session.get(secretRef(key.namespace, kept), { signal });
    if (before && ownershipOf(before, deploymentIdOf(key)) === 'ours') return decode(before);
    const staying = present(secrets).find(({ name }) => !inputs?.parameters.includes(name));
    if (staying) throw gone(staying.name, kept);
    return {};
  }
  if (!first) return {};
  const left = await session.get(secretRef(key.namespace, keptValuesName(key.name)), { signal });
  return left && ownershipOf(left, deploymentIdOf(key)) === 'ours' ? decode(left) : {};
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

/** `secret`: what held it. */
function gone(parameter: string, secret?: string): ChandleryError {
  const why = secret === undefined ? '' : `: somebody removed the Secret ${secret}, and no other value is made up in its place`;
  return new ChandleryError('secret_input_gone', `the value of the secret parameter ${parameter} is not there any more${why}`);
}

function secretRef(namespace: string, name: string) {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name };
}
