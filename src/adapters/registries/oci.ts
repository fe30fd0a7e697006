import { DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { RegistryPlugin, TemplateDetail, TemplateSummary } from '../../domain/registry.ts';
import { LIMITS } from '../../domain/registry-schemas.ts';
import { newestFirst } from '../../domain/registry-versions.ts';
import { searchTemplates } from '../../domain/search-page.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { createOciClient } from '../oci/client.ts';
import { parseOciUrl } from '../oci/names.ts';
import { readSignatures } from '../oci/signatures.ts';
import { type Artifact, Artifacts } from './oci-artifact.ts';
import { readChartArchive } from './oci-chart-archive.ts';
import { listShelf } from './oci-list.ts';
import { OciLogin } from './oci-login.ts';
import { Repositories } from './oci-repositories.ts';
import { Shelf } from './oci-shelf.ts';
import { readTracks } from './oci-tracks.ts';
import { packedArchive } from './packed-archive.ts';

/**
 * A registry of OCI artifacts: Helm charts, templates of ours and deployer images, whose repositories are named in the configuration or
 * listed by the registry. A URL or a credential file that cannot be used fails the first call, not the start (config_invalid).
 */
export function createOciRegistry(config: RegistryConfig, client: GuardedClient): RegistryPlugin {
  const { name, type } = config;
  const login = new OciLogin(config);
  let opened: { key: unknown; shelf: Shelf } | undefined;
  const open = async (): Promise<Shelf> => {
    const place = parseOciUrl(config.url);
    const { key, credentials } = await login.credentials(place.host);
    if (opened?.key === key) return opened.shelf;
    const oci = createOciClient({ client, registry: name, origin: place.origin, credentials });
    const repositories = new Repositories(oci, place, config.repositories, name);
    const shelf = new Shelf(name, oci, repositories, new Artifacts(oci, place.host, name));
    opened = { key, shelf };
    return shelf;
  };
  const summary = (artifact: Artifact) => summarise(artifact, config);
  const listing = (shelf: Shelf) => ({ shelf, summary, isConfigured: config.repositories !== undefined });
  return {
    name,
    kind: 'oci',
    type,
    async connect(signal) {
      const shelf = await open();
      await shelf.client.ping(signal);
      // Anybody may be let in at the door and to nothing behind it.
      const { byName } = await shelf.repositories.all(signal);
      const [first] = [...byName.values()].flat();
      if (first) await shelf.tags(first, signal);
      return { credential: config.credentials?.type ?? 'none' };
    },
    async search(filter, signal) {
      const templates: TemplateSummary[] = [];
      const listed = await listShelf(listing(await open()), { ...(signal ? { signal } : {}) });
      if (!listed.unchanged) for await (const batch of listed.templates) templates.push(...batch);
      return searchTemplates(templates, filter);
    },
    list: async (options = {}) => listShelf(listing(await open()), options),
    async getTemplate(template, version, signal) {
      const shelf = await open();
      const { candidate, tags, artifact } = await shelf.find(template, version, signal);
      const detail: TemplateDetail = {
        ...summary(artifact),
        manifest: artifact.manifest,
        versions: tags.versions.slice(0, LIMITS.versions).map((tag) => tag.version),
        size: artifact.entry.size,
      };
      if (candidate.isDeployer)
        return { ...detail, manifest: await readTracks(shelf, candidate, tags, artifact.manifest, signal) };
      return artifact.manifest.spec.type === 'helm' && isChart(artifact)
        ? readChartArchive(shelf, artifact, detail, signal)
        : detail;
    },
    async listVersions(template, signal, range) {
      const artifacts = await (await open()).versions(template, range, signal);
      return newestFirst(artifacts.map(({ entry }) => entry));
    },
    async openArchive(template, version, range = {}) {
      const shelf = await open();
      const { artifact } = await shelf.find(template, version, range.signal);
      const { source } = artifact;
      if (source.kind === 'packed') return packedArchive(source.bytes, source.digest, range);
      return shelf.artifacts.open(artifact.repository, source.layer, DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes, range);
    },
    async signatures(template, version, signal) {
      const shelf = await open();
      const { repository, manifestDigest, entry } = (await shelf.find(template, version, signal)).artifact;
      // The manifest is what cosign signs; it names the archive's digest.
      const documents = readSignatures(shelf.client, repository, manifestDigest, signal);
      return { subject: manifestDigest, archive: entry.digest, documents };
    },
  };
}

/** A chart as Helm pushes it, rather than a template of ours that holds a chart. */
function isChart({ source }: Artifact): boolean {
  return source.kind === 'layer' && !source.layer.mediaType.startsWith('application/vnd.chandlery.');
}

function summarise({ manifest, entry, deprecated }: Artifact, config: RegistryConfig): TemplateSummary {
  const { name, version, displayName, description, category, tags, license, homepage, icon } = manifest.metadata;
  const isWeb = (text: string | undefined) => text !== undefined && /^https?:\/\//.test(text);
  return {
    name,
    version,
    ...(displayName === undefined ? {} : { displayName }),
    description: description.slice(0, LIMITS.text),
    ...(category === undefined ? {} : { category }),
    tags: tags ?? [],
    ...(license === undefined ? {} : { license }),
    type: manifest.spec.type,
    registry: config.name,
    registryType: config.type,
    digest: entry.digest,
    ...(homepage !== undefined && isWeb(homepage) ? { homepage } : {}),
    ...(icon !== undefined && isWeb(icon) ? { icon } : {}),
    ...(deprecated ? { deprecated } : {}),
    ...(entry.publishedAt === undefined ? {} : { updatedAt: entry.publishedAt }),
  };
}
