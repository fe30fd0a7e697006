import { LRUCache } from 'lru-cache';
import { ChandleryError } from '../../domain/errors.ts';
import type { ArchiveRange, ArchiveStream, RegistryPlugin, RegistryType, TemplateSummary } from '../../domain/registry.ts';
import { defaultVersion, newestFirst, templateNotFound, versionNotFound } from '../../domain/registry-versions.ts';
import { searchTemplates } from '../../domain/search-page.ts';
import { packSource, readArchive, readReadme, sliceBytes } from './folder-archive.ts';
import { FolderIndex, type FolderIndexOptions, type FolderListing, type IndexedVersion } from './folder-index.ts';
import { type FolderProblem, signSource } from './folder-scan.ts';
import { bundleTexts, readBundleBeside } from './folder-signature.ts';

export type { FolderProblem } from './folder-scan.ts';

/** Bytes of packed folders kept in memory; what falls out is packed again, to the same bytes. */
const ARCHIVE_CACHE_BYTES = 64 * 1024 * 1024;

export interface FolderRegistryOptions {
  name: string;
  type: RegistryType;
  /** Merged in this order: the first folder that has a version wins. */
  directories: readonly string[];
  /** Called once for each thing that cannot be listed. */
  onProblem?: (problem: FolderProblem) => void;
  /** How stale a listing may be, ms (default 1000). */
  rescanMs?: number;
  /** Bytes of packed archives kept in memory (default 64 MiB). */
  cacheBytes?: number;
}

export interface FolderRegistry extends RegistryPlugin {
  /** What the last scan could not list. */
  problems(): readonly FolderProblem[];
}

/**
 * A registry over folders `<dir>/<name>/<version>/template.yaml` and ready-made archives `<dir>/<name>/<version>.tgz|.tar.gz|.tar`,
 * which are served byte for byte. An added version shows within a second; a bad one is reported and hides no other.
 */
export function createFolderRegistry(options: FolderRegistryOptions): FolderRegistry {
  const { name, type } = options;
  const indexOptions: FolderIndexOptions = {
    registry: name,
    directories: options.directories,
    onProblem: options.onProblem,
    rescanMs: options.rescanMs,
  };
  const index = new FolderIndex(indexOptions);
  const archives = new ArchiveCache(options.cacheBytes ?? ARCHIVE_CACHE_BYTES);
  const summary = (version: IndexedVersion) => summarise(version, name, type);
  return {
    name,
    kind: 'chandlery',
    type,
    problems: () => index.problems,
    async connect() {
      await index.listing();
      return { credential: 'none' };
    },
    async list({ validator, onProblem } = {}) {
      const listing = await index.listing();
      for (const { path, message } of index.problems) onProblem?.({ subject: path, message });
      if (validator === index.signature) return { unchanged: true };
      return { unchanged: false, validator: index.signature, templates: inBatches(listing, summary) };
    },
    async search(filter) {
      const listing = await index.listing();
      return searchTemplates([...listing.values()].flatMap((versions) => defaultOf(versions) ?? []).map(summary), filter);
    },
    async getTemplate(template, version) {
      const found = find(await index.listing(), name, template, version);
      const readme = await readReadme(found.chosen.source, found.chosen.manifest.metadata.readme);
      const { manifest, entry } = found.chosen;
      const detail = {
        ...summary(found.chosen),
        manifest,
        versions: found.versions.map((other) => other.entry.version),
        size: entry.size,
      };
      const signatures = await bundleTexts(found.chosen.source);
      return { ...detail, ...(readme !== undefined && { readme }), ...(signatures.length > 0 && { signatures }) };
    },
    async listVersions(template) {
      return find(await index.listing(), name, template).versions.map(({ entry }) => entry);
    },
    async openArchive(template, version, range = {}) {
      const first = find(await index.listing(), name, template, version).chosen;
      const opened = await archives.open(first, range);
      if (opened) return opened;
      // The files changed after the last look.
      const again = find(await index.listing(true), name, template, version).chosen;
      const reopened = await archives.open(again, range);
      if (reopened) return reopened;
      throw new ChandleryError('registry_unavailable', `${template}@${version} changes while it is read`, { registry: name });
    },
    async signatures(template, version) {
      const { source, entry } = find(await index.listing(), name, template, version).chosen;
      return { subject: entry.digest, archive: entry.digest, documents: readBundleBeside(source) };
    },
  };
}

/** Templates handed on at once. */
const LIST_BATCH = 500;

async function* inBatches(listing: FolderListing, summary: (version: IndexedVersion) => TemplateSummary) {
  const all = [...listing.values()];
  for (let at = 0; at < all.length; at += LIST_BATCH)
    yield all
      .slice(at, at + LIST_BATCH)
      .flatMap((versions) => defaultOf(versions) ?? [])
      .map(summary);
}

function defaultOf(versions: readonly IndexedVersion[]): IndexedVersion | undefined {
  const chosen = defaultVersion(versions.map(({ entry }) => entry));
  return versions.find(({ entry }) => entry === chosen);
}

/** Looked up by name in the listing; no path is ever built from a request. */
function find(listing: FolderListing, registry: string, name: string, version?: string) {
  const unsorted = listing.get(name);
  if (!unsorted) throw templateNotFound(registry, name, [...listing.keys()]);
  const versions = newestFirst(unsorted.map((item) => ({ ...item, version: item.entry.version })));
  const chosen = version === undefined ? defaultOf(versions) : versions.find((item) => item.version === version);
  if (chosen) return { versions, chosen };
  throw versionNotFound(
    registry,
    name,
    version ?? '',
    versions.map((item) => item.version),
  );
}

function summarise({ manifest, entry }: IndexedVersion, registry: string, registryType: RegistryType): TemplateSummary {
  const { name, version, displayName, description, category, tags, license } = manifest.metadata;
  return {
    name,
    version,
    ...(displayName === undefined ? {} : { displayName }),
    description,
    ...(category === undefined ? {} : { category }),
    tags: tags ?? [],
    ...(license === undefined ? {} : { license }),
    type: manifest.spec.type,
    registry,
    registryType,
    digest: entry.digest,
  };
}

class ArchiveCache {
  readonly #packed: LRUCache<string, Buffer>;

  constructor(maxBytes: number) {
    this.#packed = new LRUCache({ maxSize: maxBytes, sizeCalculation: (bytes) => bytes.length });
  }

  /** Undefined when the bytes on the disk are no longer the ones that were listed. */
  async open({ source, entry }: IndexedVersion, range: ArchiveRange): Promise<ArchiveStream | undefined> {
    // A range of other bytes than the caller holds would splice two archives together: it gets the whole one, as with If-Range.
    const isSame = range.digest === undefined || range.digest === entry.digest;
    const wanted = range.offset ?? 0;
    const offset = isSame && wanted <= entry.size ? wanted : 0;
    const base = { offset, size: entry.size, digest: entry.digest };
    if (source.kind === 'archive') {
      const signature = await signSource(source).catch(() => undefined);
      const isUnchanged = signature === source.signature;
      return isUnchanged
        ? { ...base, mediaType: mediaTypeOf(source.path), body: readArchive(source.path, offset, entry.size, range.signal) }
        : undefined;
    }
    const bytes = this.#packed.get(entry.digest) ?? (await this.#pack(source, entry.digest));
    return bytes && { ...base, mediaType: 'application/x-tar', body: sliceBytes(bytes, offset, range.signal) };
  }

  async #pack(source: IndexedVersion['source'], digest: string): Promise<Buffer | undefined> {
    const packed = await packSource(source).catch(() => undefined);
    if (packed?.digest !== digest || !packed.bytes) return undefined;
    this.#packed.set(digest, packed.bytes);
    return packed.bytes;
  }
}

/** By the ending; the archive guard tells the formats apart by their bytes. */
function mediaTypeOf(path: string): 'application/x-tar' | 'application/gzip' {
  return path.endsWith('.tar') ? 'application/x-tar' : 'application/gzip';
}
