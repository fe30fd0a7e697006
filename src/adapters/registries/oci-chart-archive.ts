import { archiveFiles, foreignKeep, manifestOfArchive, withIdentity } from '../../domain/foreign/index.ts';
import type { TemplateDetail } from '../../domain/registry.ts';
import { LIMITS } from '../../domain/registry-schemas.ts';
import { createArchiveReader } from '../archive/inspect.ts';
import type { Artifact } from './oci-artifact.ts';
import type { Shelf } from './oci-shelf.ts';

/** Bytes of a chart that is opened to be shown; the largest known have a few MiB. A larger one is shown without its parameters. */
const MAX_SHOWN_BYTES = 16 * 1024 * 1024;

/** A chart with what only its archive tells: parameters and readme. Fails as reading archives does, and with digest_mismatch. */
export async function readChartArchive(
  { client }: Shelf,
  { repository, source, entry }: Artifact,
  detail: TemplateDetail,
  signal?: AbortSignal,
): Promise<TemplateDetail> {
  if (source.kind === 'packed' || source.layer.size > MAX_SHOWN_BYTES) return detail;
  const bytes = await client.readBlob(repository, source.layer, MAX_SHOWN_BYTES, signal);
  const { files, bodies } = await createArchiveReader().inspect(once(bytes), {
    keep: foreignKeep(),
    ...(signal ? { signal } : {}),
  });
  const texts = archiveFiles(
    files.map(({ path }) => path),
    bodies,
  );
  const { manifest, foreign } = manifestOfArchive(texts, `${detail.name}-${detail.version}`);
  const readme = foreign?.readme === undefined ? undefined : texts.text(foreign.readme)?.slice(0, LIMITS.readme);
  const missing = new Set(foreign?.missing?.map((dependency) => dependency.name));
  const packed = entry.dependencies.filter(({ name, bundled }) => bundled && !missing.has(name));
  return {
    ...detail,
    manifest: withIdentity(manifest, {
      name: detail.name,
      version: detail.version,
      dependencies: entry.dependencies.filter(({ bundled }) => !bundled),
    }),
    ...(readme === undefined ? {} : { readme }),
    ...(packed.length === 0 ? {} : { packedDependencies: packed }),
    ...(foreign?.parametersFrom === undefined ? {} : { parametersFrom: foreign.parametersFrom }),
  };
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
