import type { BlobStore } from '../../domain/blob-store.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { PublishedStore, PublishedVersion } from '../../domain/published.ts';
import type { ArchiveRange, ArchiveStream, Listing, RegistryPlugin, VersionEntry } from '../../domain/registry.ts';
import { defaultVersion, newestFirst, templateNotFound, versionNotFound } from '../../domain/registry-versions.ts';
import { searchTemplates } from '../../domain/search-page.ts';
import type { SignatureDocument } from '../../domain/signature.ts';
import { factsOf, HeldSummaries, mergedSummaries, ShownDownloads, summarise } from './local-listing.ts';

export interface LocalRegistryDeps {
  published: PublishedStore;
  blobs: Pick<BlobStore, 'read'>;
  /** ms since 1970; for tests */
  now?: () => number;
}

/**
 * What this server offers itself: the folders of its operator with what was published to it, and what people say of both. A version that
 * lies in a folder hides a published one of the same number. Published archives are blobs of the store.
 */
export function createLocalRegistry(folder: RegistryPlugin, deps: LocalRegistryDeps): RegistryPlugin {
  const { published, blobs } = deps;
  const { name: registry, type: registryType } = folder;
  const here = { registry, registryType };
  const shown = new ShownDownloads(deps.now ?? Date.now);
  const stampOf = async () => {
    const { revision, downloads } = await published.stamp();
    return `${revision}.${shown.of(revision, downloads)}`;
  };
  const everything = async () => {
    const [listing, lines, facts] = await Promise.all([folder.list(), published.listed(), published.facts()]);
    return mergedSummaries({ folder, batches: listing.unchanged ? [] : listing.templates, lines, facts, here });
  };
  const search = new HeldSummaries(everything);
  return {
    name: registry,
    kind: folder.kind,
    type: registryType,
    connect: (signal) => folder.connect(signal),
    async list({ validator, onProblem } = {}) {
      // Before the rows are read: what is published meanwhile makes the next stamp another one.
      const stamp = await stampOf();
      const listing = await folder.list({ ...(onProblem && { onProblem }) });
      const signature = signatureOf(listing, stamp);
      if (validator === signature) return { unchanged: true };
      return { unchanged: false, validator: signature, templates: await everything() };
    },
    async search(filter) {
      const [stamp, listing] = await Promise.all([stampOf(), folder.list()]);
      return searchTemplates(await search.get(signatureOf(listing, stamp)), filter);
    },
    async getTemplate(name, version) {
      const versions = await versionsOf(name, folder, published);
      const entry = version === undefined ? defaultVersion(versions) : versions.find((one) => one.version === version);
      if (!entry) throw versionNotFound(registry, name, version ?? '', words(versions));
      const facts = (await published.facts(name)).get(name);
      const known = words(versions);
      const { row } = entry;
      if (!row) return { ...(await folder.getTemplate(name, entry.version)), ...factsOf(facts), versions: known };
      const [readme, signatures] = await Promise.all([
        published.readme(name, row.version),
        published.signatures(name, row.version),
      ]);
      return {
        ...summarise({ ...row, metadata: row.manifest.metadata, type: row.manifest.spec.type }, here),
        ...factsOf(facts),
        manifest: row.manifest,
        versions: known,
        size: row.size,
        ...(readme !== undefined && { readme }),
        ...(signatures.length > 0 && { signatures }),
      };
    },
    listVersions: async (name) => (await versionsOf(name, folder, published)).map(({ entry }) => entry),
    async openArchive(name, version, range = {}) {
      const versions = await versionsOf(name, folder, published);
      const entry = versions.find((one) => one.version === version);
      if (!entry) throw versionNotFound(registry, name, version, words(versions));
      return entry.row ? openBlob(blobs, entry.row, range) : await folder.openArchive(name, version, range);
    },
    async signatures(name, version, signal) {
      const entry = (await versionsOf(name, folder, published)).find((one) => one.version === version);
      if (!entry) throw versionNotFound(registry, name, version);
      const beside = entry.row ? undefined : await folder.signatures?.(name, version, signal);
      const { digest } = entry.entry;
      return beside ?? { subject: digest, archive: digest, documents: documentsOf(name, version, published) };
    },
  };
}

async function* documentsOf(
  name: string,
  version: string,
  published: PublishedStore,
): AsyncGenerator<SignatureDocument, void, undefined> {
  const origin = `${name}@${version}`;
  for (const text of await published.signatures(name, version)) yield { form: 'bundle', origin, bytes: Buffer.from(text) };
}

function signatureOf(listing: Listing, stamp: string): string {
  return `${listing.unchanged ? '' : (listing.validator ?? '')}.${stamp}`;
}

interface LocalVersion extends Pick<VersionEntry, 'version' | 'yanked'> {
  entry: VersionEntry;
  /** Absent for one of a folder. */
  row?: PublishedVersion;
}

/** Newest first. Fails with template_not_found. */
async function versionsOf(name: string, folder: RegistryPlugin, published: PublishedStore): Promise<LocalVersion[]> {
  const [inFolder, rows] = await Promise.all([folderVersions(folder, name), published.versionsOf(name)]);
  if (inFolder instanceof ChandleryError) {
    if (rows.length === 0) throw await notFound(inFolder, folder, name, published);
    return newestFirst(rows.map(toVersion));
  }
  const taken = new Set(inFolder.map(({ version }) => version));
  return newestFirst([
    ...inFolder.map((entry): LocalVersion => ({ ...yankOf(entry), version: entry.version, entry })),
    ...rows.filter(({ version }) => !taken.has(version)).map(toVersion),
  ]);
}

async function folderVersions(folder: RegistryPlugin, name: string): Promise<VersionEntry[] | ChandleryError> {
  try {
    return await folder.listVersions(name);
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'template_not_found') return error;
    throw error;
  }
}

/** With the published names that are near, too. */
async function notFound(
  error: ChandleryError,
  { name: registry }: RegistryPlugin,
  name: string,
  published: PublishedStore,
): Promise<ChandleryError> {
  const known = (await published.listed()).map((line) => line.name);
  return templateNotFound(registry, name, [...(error.details.alternatives ?? []), ...new Set(known)]);
}

function toVersion(row: PublishedVersion): LocalVersion {
  const { version, digest, size, dependencies, publishedAt, yanked } = row;
  const entry: VersionEntry = { version, digest, size, dependencies, publishedAt, ...(yanked && { yanked: true }) };
  return { ...yankOf(entry), version, entry, row };
}

function yankOf({ yanked }: VersionEntry): { yanked?: boolean } {
  return yanked === undefined ? {} : { yanked };
}

function words(versions: readonly LocalVersion[]): string[] {
  return versions.map(({ version }) => version);
}

function openBlob(blobs: Pick<BlobStore, 'read'>, { digest, size }: PublishedVersion, range: ArchiveRange): ArchiveStream {
  // A range of other bytes than the caller holds would splice two archives together: it gets the whole one, as with If-Range.
  const isSame = range.digest === undefined || range.digest === digest;
  const wanted = range.offset ?? 0;
  const offset = isSame && wanted <= size ? wanted : 0;
  return { offset, size, digest, body: until(blobs.read(digest, offset), range.signal) };
}

async function* until(body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    signal?.throwIfAborted();
    yield chunk;
  }
}
