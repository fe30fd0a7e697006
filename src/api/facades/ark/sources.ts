import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterSession, KubeObject } from '../../../domain/cluster.ts';
import { ChandleryError } from '../../../domain/errors.ts';
import {
  hasSource,
  readSources,
  requireSource,
  type SourceEntry,
  sourceManager,
  sourceNotFound,
  sourcesManifest,
  sourcesRef,
} from '../../../domain/sources/config-map.ts';
import { SOURCES_CONFIG_MAP, type Source } from '../../../domain/sources/source.ts';

/** The sources of one namespace, read and changed as the session's user. Nothing is kept here. */

const LIMITS = Object.freeze({
  /** tries of one change: each is lost only to somebody else's change that went through */
  attempts: 12,
  /** longest pause after the first lost try, milliseconds; it grows with each, so that many writers draw apart */
  pauseMs: 25,
});

export interface SourcesOf {
  session: ClusterSession;
  namespace: string;
  signal: AbortSignal;
}

/** All keys, broken ones too; none where there is no ConfigMap or no namespace. Fails with forbidden. */
export async function listSources(of: SourcesOf): Promise<SourceEntry[]> {
  return readSources(await configMapOf(of));
}

/** Fails with source_not_found, with source_invalid when its value cannot be read, with forbidden. */
export async function getSource(of: SourcesOf, name: string): Promise<Source> {
  return requireSource(await configMapOf(of), of.namespace, name);
}

/** Fails with source_exists, with not_found where there is no namespace, with forbidden. Of two at once for one name, one fails. */
export async function createSource(of: SourcesOf, source: Source): Promise<void> {
  await change(of, async (configMap) => {
    const refuseExisting = (there: KubeObject | undefined) => {
      if (!hasSource(there, source.name)) return;
      throw new ChandleryError('source_exists', `the namespace ${of.namespace} has a source "${source.name}"`);
    };
    refuseExisting(configMap);
    const base = configMap ?? (await createConfigMap(of));
    refuseExisting(base);
    await applySource(of, source, base);
  });
}

/** Replaces the whole value. Fails with source_not_found, with forbidden. */
export async function replaceSource(of: SourcesOf, source: Source): Promise<void> {
  await change(of, async (configMap) => {
    if (!configMap || !hasSource(configMap, source.name)) throw sourceNotFound(configMap, of.namespace, source.name);
    await applySource(of, source, configMap);
  });
}

/** By a merge patch, which removes the key whoever owns it. Fails with source_not_found, with forbidden. */
export async function removeSource(of: SourcesOf, name: string): Promise<void> {
  await change(of, async (configMap) => {
    if (!hasSource(configMap, name)) throw sourceNotFound(configMap, of.namespace, name);
    const resourceVersion = configMap?.metadata.resourceVersion;
    await of.session.mergePatch(
      sourcesRef(of.namespace),
      { metadata: { resourceVersion }, data: { [name]: null } },
      { fieldManager: sourceManager(name), signal: of.signal },
    );
  });
}

/** Whether the user may change the sources. Fails as reviews do: who asks decides what that means. */
export async function mayEdit({ session, namespace, signal }: SourcesOf): Promise<boolean> {
  const question = { verb: 'update', group: '', resource: 'configmaps', namespace, name: SOURCES_CONFIG_MAP };
  return (await session.mayI([question], { signal }))[0] === true;
}

function configMapOf({ session, namespace, signal }: SourcesOf): Promise<KubeObject | undefined> {
  return session.get(sourcesRef(namespace), { signal });
}

/** Empty at first: only then does a resource version decide between two who create the same source. */
async function createConfigMap({ session, namespace, signal }: SourcesOf): Promise<KubeObject> {
  try {
    return (await session.createIfAbsent(sourcesManifest(namespace, []), { signal })).object;
  } catch (error) {
    if (!(error instanceof ChandleryError) || error.code !== 'namespace_missing') throw error;
    throw new ChandleryError('not_found', error.message);
  }
}

/** One field manager per source and only its key: an apply drops what the same manager applied before and leaves out now. */
async function applySource({ session, namespace, signal }: SourcesOf, source: Source, base: KubeObject): Promise<void> {
  const manifest = sourcesManifest(namespace, [source], base.metadata.resourceVersion);
  await session.apply(manifest, { force: true, fieldManager: sourceManager(source.name), signal });
}

/** Reads, decides, and writes on the condition that nothing changed in between; begins again where something did. */
async function change(of: SourcesOf, attempt: (configMap: KubeObject | undefined) => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    const configMap = await configMapOf(of);
    try {
      return await attempt(configMap);
    } catch (error) {
      if (!isOvertaken(error) || tried === LIMITS.attempts) throw error;
    }
    await sleep(Math.random() * LIMITS.pauseMs * tried, undefined, { signal: of.signal });
  }
}

function isOvertaken(error: unknown): boolean {
  return error instanceof ChandleryError && error.code === 'cluster_unavailable' && error.details.upstreamStatus === 409;
}
