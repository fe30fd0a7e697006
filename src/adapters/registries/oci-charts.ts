import { DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import type { ChartSource } from '../../domain/chart-source.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { readTagSet, type VersionTag } from '../../domain/oci-tags.ts';
import { templateNotFound, versionNotFound } from '../../domain/registry-versions.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { createOciClient, type OciClient } from '../oci/client.ts';
import type { Descriptor } from '../oci/documents.ts';
import { type OciPlace, parseOciUrl } from '../oci/names.ts';
import type { OciCredentials } from '../oci/tokens.ts';
import { CHART_CONFIG, chartLayer } from './oci-chart.ts';

export interface ChartSourceOptions {
  client: GuardedClient;
  /** Name of the registry whose items name the charts; in errors, and for the connections. */
  registry: string;
  /** URL of the list that names the charts: it must not lead from a public server into our own network. */
  namedBy?: string;
  /** Whether a registry on this host is configured: then a person let us call it, whoever names it. */
  isConfigured?: (host: string) => boolean;
  /** The credential for a host and a repository on it, where one is configured; without it charts are asked for anonymously. */
  credentialsFor?: (host: string, repository: string) => Promise<OciCredentials | undefined>;
}

/** Single charts anywhere in OCI registries, named by somebody else's list. The names are not trusted with any credential but their host's. */
export function createChartSource(options: ChartSourceOptions): ChartSource {
  const { client, registry, credentialsFor } = options;
  const open = async (ref: string): Promise<{ oci: OciClient; place: OciPlace }> => {
    const place = parseOciUrl(ref);
    const credentials = await credentialsFor?.(place.host, place.path);
    const namedBy = options.isConfigured?.(place.host) ? undefined : options.namedBy;
    return { oci: createOciClient({ client, registry, origin: place.origin, credentials, namedBy }), place };
  };
  const find = async (ref: string, version: string, signal: AbortSignal | undefined) => {
    const { oci, place } = await open(ref);
    return { oci, repository: place.path, layer: await findLayer({ oci, place, registry, ref, version, signal }) };
  };
  return {
    async resolve(ref, version, signal) {
      const { layer } = await find(ref, version, signal);
      return { digest: layer.digest, size: layer.size };
    },
    async open(ref, version, range = {}) {
      const { oci, repository, layer } = await find(ref, version, range.signal);
      const isSame = range.digest === undefined || range.digest === layer.digest;
      const { maxArchiveBytes: maxBytes } = DEFAULT_ARCHIVE_LIMITS;
      const stream = await oci.openBlob(repository, layer, { offset: isSame ? range.offset : 0, maxBytes, signal: range.signal });
      return { ...stream, mediaType: 'application/gzip' };
    },
  };
}

interface Wanted {
  oci: OciClient;
  place: OciPlace;
  registry: string;
  ref: string;
  version: string;
  signal: AbortSignal | undefined;
}

async function findLayer({ oci, place, registry, ref, version, signal }: Wanted): Promise<Descriptor> {
  const { path: repository, host } = place;
  // One request where the tag is written as Helm writes it; the list of tags only where it is not.
  const usual: VersionTag = { version, tag: version.replaceAll('+', '_') };
  const manifest = await oci.manifest(repository, usual.tag, signal);
  const tag = manifest ? usual : await findTag({ oci, place, registry, ref, version, signal });
  const found = manifest ?? (await oci.manifest(repository, tag.tag, signal));
  if (found?.kind !== 'image' || found.image.config.mediaType !== CHART_CONFIG)
    throw new ChandleryError('registry_invalid', `${host}/${repository}:${tag.tag} is not a Helm chart`, { registry });
  const candidate = { repository, name: repository, isDeployer: false };
  return chartLayer({ client: oci, host, registry, candidate, tag, signal }, found.image);
}

async function findTag({ oci, place, registry, ref, version, signal }: Wanted): Promise<VersionTag> {
  const tags = await oci.tags(place.path, signal);
  if (!tags) throw templateNotFound(registry, ref);
  const { versions } = readTagSet(tags);
  const found = versions.find((tag) => tag.version === version);
  if (found) return found;
  throw versionNotFound(
    registry,
    ref,
    version,
    versions.map((tag) => tag.version),
  );
}
