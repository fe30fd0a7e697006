import type { KubeObject } from '../cluster.ts';
import { canonicalJson } from '../effects.ts';
import { shortHash } from './names.ts';
import { defined, makeObject, nameOf, runsToEnd, type WorkloadContext } from './workload-context.ts';
import type { PersistentVolume, VolumeEntry } from './workload-spec.ts';

export interface Volumes {
  volumes: object[];
  mounts: object[];
  /** claims of which each replica gets its own */
  claimTemplates: object[];
  objects: KubeObject[];
  /** Changes with the content of the files; undefined when there are none. */
  checksum?: string;
  /** True when a volume can be held by one node only, so that the old pod must go before the new one comes. */
  exclusive: boolean;
}

const CONFIG_KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const CORE = 'v1';

function claimSpec({ size, storageClass, accessMode = 'ReadWriteOnce' }: PersistentVolume): object {
  return defined({ accessModes: [accessMode], resources: { requests: { storage: size } }, storageClassName: storageClass });
}

function items(map: Readonly<Record<string, string>> | undefined): object[] | undefined {
  return map === undefined ? undefined : Object.entries(map).map(([key, path]) => ({ key, path }));
}

/** Files as a ConfigMap's keys: a name with a folder in it cannot be a key, and is put back by its path. */
function filesVolume(
  context: WorkloadContext,
  volume: VolumeEntry,
  files: Readonly<Record<string, string>>,
): { object: KubeObject; source: object } {
  const name = nameOf(context, volume.name);
  const entries = Object.entries(files).map(([path, text]) => {
    return {
      path,
      text,
      key: CONFIG_KEY.test(path) ? path : `${path.replace(/[^-._a-zA-Z0-9]/g, '_').slice(0, 200)}-${shortHash(path)}`,
    };
  });
  const moved = entries.some(({ path, key }) => path !== key);
  const data = Object.fromEntries(entries.map(({ key, text }) => [key, text]));
  return {
    object: makeObject(context, { apiVersion: CORE, kind: 'ConfigMap' }, name, { data }),
    source: { configMap: defined({ name, items: moved ? entries.map(({ key, path }) => ({ key, path })) : undefined }) },
  };
}

/** A secret parameter as files; undefined when it has no value. */
function parameterVolume(context: WorkloadContext, parameter: string, place: string): object | undefined {
  const binding = context.scope.find(parameter);
  if (binding?.kind !== 'secret') throw context.fault(place, `"${parameter}" is not secret: give it as \`files\``);
  const { present, generated, keys } = binding.parameter;
  if (!present) return undefined;
  for (const key of keys) context.secretKeys.add(key);
  const paths = generated === 'certificate' ? ['tls.crt', 'tls.key'] : [parameter];
  return { secret: { secretName: nameOf(context), items: keys.map((key, index) => ({ key, path: paths[index] ?? key })) } };
}

function secretVolume(
  context: WorkloadContext,
  { name, parameter, items: chosen }: NonNullable<VolumeEntry['secret']>,
  place: string,
) {
  if (parameter !== undefined) return parameterVolume(context, parameter, `${place}/secret/parameter`);
  return { secret: defined({ secretName: name, items: items(chosen) }) };
}

function emptyVolume({ sizeLimit, medium }: NonNullable<VolumeEntry['empty']>): object {
  return { emptyDir: defined({ sizeLimit, medium: medium === 'Memory' ? medium : undefined }) };
}

function addPersistent(context: WorkloadContext, volume: VolumeEntry, persistent: PersistentVolume, found: Volumes): void {
  const { marks } = context;
  if (persistent.perReplica) {
    const metadata = { name: volume.name, labels: marks.stable, annotations: marks.annotations };
    found.claimTemplates.push({ metadata, spec: claimSpec(persistent) });
    return;
  }
  const name = nameOf(context, volume.name);
  found.objects.push(
    makeObject(context, { apiVersion: CORE, kind: 'PersistentVolumeClaim' }, name, { spec: claimSpec(persistent) }),
  );
  found.volumes.push({ name: volume.name, persistentVolumeClaim: { claimName: name } });
  found.exclusive ||= !['ReadOnlyMany', 'ReadWriteMany'].includes(persistent.accessMode ?? '');
}

/** False when the volume is not there after all: its secret parameter has no value. */
function addVolume(context: WorkloadContext, volume: VolumeEntry, place: string, found: Volumes, files: object[]): boolean {
  const { name, persistent, empty, secret, config } = volume;
  if (persistent !== undefined) {
    if (persistent.perReplica && runsToEnd(context.spec))
      throw context.fault(`${place}/persistent/perReplica`, 'a scheduled or single run has no replicas: leave perReplica out');
    addPersistent(context, volume, persistent, found);
  } else if (empty !== undefined) found.volumes.push({ name, ...emptyVolume(empty) });
  else if (secret !== undefined) {
    const source = secretVolume(context, secret, place);
    if (source === undefined) return false;
    found.volumes.push({ name, ...source });
  } else if (config !== undefined)
    found.volumes.push({ name, configMap: defined({ name: config.name, items: items(config.items) }) });
  else {
    const { object, source } = filesVolume(context, volume, volume.files ?? {});
    found.objects.push(object);
    found.volumes.push({ name, ...source });
    files.push([name, object.data]);
  }
  return true;
}

/** The pod's volumes, with the objects they need. */
export function volumesOf(context: WorkloadContext): Volumes {
  const found: Volumes = { volumes: [], mounts: [], claimTemplates: [], objects: [], exclusive: false };
  const files: object[] = [];
  const names = new Set<string>();
  for (const [index, volume] of (context.spec.volumes ?? []).entries()) {
    const place = `/volumes/${index}`;
    if (names.has(volume.name)) throw context.fault(`${place}/name`, `volume "${volume.name}" is there twice`);
    names.add(volume.name);
    if (!addVolume(context, volume, place, found, files)) continue;
    found.mounts.push(defined({ name: volume.name, mountPath: volume.path, subPath: volume.subPath, readOnly: volume.readOnly }));
  }
  if (files.length > 0) found.checksum = shortHash(canonicalJson(files));
  return found;
}
