import { LRUCache } from 'lru-cache';
import type { VersionTag } from '../../domain/oci-tags.ts';
import type { ArchiveRange, ArchiveStream, VersionEntry } from '../../domain/registry.ts';
import type { OciClient } from '../oci/client.ts';
import type { Descriptor, OciManifest } from '../oci/documents.ts';
import { CHART_CONFIG, readChartConfig } from './oci-chart.ts';
import type { ArtifactContent } from './oci-content.ts';
import { readDeployer } from './oci-deployer.ts';
import type { Candidate } from './oci-repositories.ts';
import { readTemplateArtifact, TEMPLATE_ARTIFACT } from './oci-template.ts';

/** What one tag of a repository is. */

export interface Artifact extends ArtifactContent {
  repository: string;
  manifestDigest: string;
  entry: VersionEntry;
}

/** Bytes of what was read of manifests; content is immutable under its digest, so this is never stale. */
const CACHE_BYTES = 32 * 1024 * 1024;
const CREATED = 'org.opencontainers.image.created';
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Reads artifacts, remembering by manifest digest what it has read. */
export class Artifacts {
  readonly #known = new LRUCache<string, { artifact: Artifact | undefined }>({
    maxSize: CACHE_BYTES,
    sizeCalculation: ({ artifact }) => sizeOf(artifact),
  });

  constructor(
    readonly client: OciClient,
    /** As references write the registry: `ghcr.io`. */
    readonly host: string,
    readonly registry: string,
  ) {}

  /**
   * What a tag holds; undefined when it is gone or no template at all (an ordinary image). `digest` spares asking where the tag leads
   * when that is known. Fails with registry_invalid, template_invalid, digest_mismatch for what looks like a template and is not one.
   */
  async read(candidate: Candidate, tag: VersionTag, digest?: string, signal?: AbortSignal): Promise<Artifact | undefined> {
    const { repository } = candidate;
    const manifestDigest = digest ?? (await this.client.resolve(repository, tag.tag, signal));
    if (manifestDigest === undefined) return undefined;
    const key = `${repository}:${tag.tag}@${manifestDigest}`;
    const known = this.#known.get(key);
    if (known) return known.artifact;
    const manifest = await this.client.manifest(repository, manifestDigest, signal);
    if (!manifest) return undefined;
    const content = await this.#content(candidate, tag, manifest, signal);
    const artifact = content && { ...content, repository, manifestDigest, entry: entryOf(tag.version, content, manifest) };
    this.#known.set(key, { artifact });
    return artifact;
  }

  /** The archive of a layer, byte for byte. */
  async open(
    repository: string,
    layer: Descriptor,
    maxBytes: number,
    { offset, digest, signal }: ArchiveRange,
  ): Promise<ArchiveStream> {
    // The rest of other bytes than the caller holds would splice two archives together.
    const start = digest === undefined || digest === layer.digest ? offset : 0;
    const stream = await this.client.openBlob(repository, layer, { offset: start, maxBytes, signal });
    return { ...stream, mediaType: layer.mediaType.endsWith('gzip') ? 'application/gzip' : 'application/x-tar' };
  }

  async #content(
    candidate: Candidate,
    tag: VersionTag,
    manifest: OciManifest,
    signal: AbortSignal | undefined,
  ): Promise<ArtifactContent | undefined> {
    const { client, host, registry } = this;
    const context = { client, host, registry, candidate, tag, signal };
    if (candidate.isDeployer) return readDeployer(context, manifest);
    if (manifest.kind === 'index') return undefined;
    const { image } = manifest;
    if (image.config.mediaType === CHART_CONFIG) return readChartConfig(context, image);
    return image.artifactType === TEMPLATE_ARTIFACT ? readTemplateArtifact(context, image) : undefined;
  }
}

function entryOf(version: string, { source, dependencies }: ArtifactContent, manifest: OciManifest): VersionEntry {
  const { annotations } = manifest.kind === 'image' ? manifest.image : manifest.index;
  const created = annotations?.[CREATED];
  return {
    version,
    digest: source.kind === 'layer' ? source.layer.digest : source.digest,
    size: source.kind === 'layer' ? source.layer.size : source.bytes.length,
    dependencies,
    ...(created !== undefined && RFC3339.test(created) && !Number.isNaN(Date.parse(created)) ? { publishedAt: created } : {}),
  };
}

function sizeOf(artifact: Artifact | undefined): number {
  const fixed = 256;
  if (!artifact) return fixed;
  const packed = artifact.source.kind === 'packed' ? artifact.source.bytes.length : 0;
  return fixed + packed + 2 * JSON.stringify(artifact.manifest).length;
}
