import type { Checkout } from '../../domain/checkout.ts';
import { packTags, packTemplate } from '../../domain/foreign/pack.ts';
import type { PackEntry } from '../../domain/foreign/pack-index.ts';
import { packVersion } from '../../domain/foreign/pack-version.ts';
import { isTemplateName } from '../../domain/reference.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { ListingProblem, RegistryPlugin, TemplateSummary } from '../../domain/registry.ts';
import { LIMITS } from '../../domain/registry-schemas.ts';
import { templateNotFound, versionNotFound } from '../../domain/registry-versions.ts';
import { searchTemplates } from '../../domain/search-page.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { inBatches } from './batches.ts';
import { createDocumentReader, type DocumentReader } from './document.ts';
import { type FetchedIndex, readIndex, readPackDocument } from './helmdeck-documents.ts';
import { type PackedPack, packPack } from './helmdeck-files.ts';
import { packSource } from './helmdeck-source.ts';
import { packedArchive } from './packed-archive.ts';

export interface HelmdeckDeps {
  /** For catalogs that are GitHub repositories; without it their packs can be looked at and not installed. */
  checkout?: Checkout;
}

/** A template a pack is, and the entry it was made from. */
interface Offer {
  summary: TemplateSummary;
  entry: PackEntry;
}

/**
 * A static catalog of helmdeck packs: `index.yaml` and a folder for each pack, behind a GitHub repository URL, a raw URL or `file://`.
 * There is one version of each pack, the one its manifest says.
 */
export function createHelmdeckRegistry(config: RegistryConfig, client: GuardedClient, deps: HelmdeckDeps = {}): RegistryPlugin {
  const { name, type } = config;
  const catalog = new Catalog(config, createDocumentReader(config, client), deps.checkout);
  return {
    name,
    kind: 'helmdeck',
    type,
    async connect(signal) {
      await catalog.offers(signal);
      return { credential: config.credentials?.type ?? 'none' };
    },
    async search(filter, signal) {
      const { offers } = await catalog.offers(signal);
      return searchTemplates(
        [...offers.values()].map(({ summary }) => summary),
        filter,
      );
    },
    async list({ validator, signal, onProblem } = {}) {
      const read = await catalog.read(signal, validator);
      if (read === undefined || read.validator === validator) return { unchanged: true };
      for (const problem of read.problems) onProblem?.(problem);
      const templates = [...read.offers.values()].map(({ summary }) => summary);
      return { unchanged: false, validator: read.validator, templates: inBatches(templates, signal) };
    },
    async getTemplate(template, version, signal) {
      const { summary, entry } = await catalog.find(template, signal);
      const manifest = packTemplate(await catalog.document(entry, signal), entry.path);
      const found = manifest.metadata.version;
      if (version !== undefined && version !== found) throw versionNotFound(name, template, version, [found]);
      return { ...summary, version: found, manifest, versions: [found], size: 0 };
    },
    async listVersions(template, signal) {
      const { digest, bytes, manifest } = await catalog.packed(template, signal);
      return [{ version: manifest.metadata.version, digest, size: bytes.length, dependencies: [] }];
    },
    async openArchive(template, version, range = {}) {
      const { digest, bytes, manifest } = await catalog.packed(template, range.signal);
      const found = manifest.metadata.version;
      if (version !== found) throw versionNotFound(name, template, version, [found]);
      return packedArchive(bytes, digest, range);
    },
  };
}

interface Offers {
  offers: Map<string, Offer>;
  problems: ListingProblem[];
  validator: string;
}

class Catalog {
  /** The last index read; a bounded cache of one, so that the steps of an install do not fetch it again. */
  #held: Offers | undefined;

  constructor(
    readonly config: RegistryConfig,
    readonly reader: DocumentReader,
    readonly checkout: Checkout | undefined,
  ) {}

  /** Undefined when the index is still the one of `known` and none is held. */
  async read(signal?: AbortSignal, known?: string): Promise<Offers | undefined> {
    const held = this.#held;
    const context = { reader: this.reader, registry: this.config.name };
    const options = { validator: held?.validator ?? known, signal };
    const read = await readIndex(packSource(this.config.url), context, options);
    if (read === 'unchanged') return held;
    this.#held = this.#toOffers(read);
    return this.#held;
  }

  async offers(signal?: AbortSignal): Promise<Offers> {
    return (await this.read(signal)) ?? { offers: new Map(), problems: [], validator: '' };
  }

  async find(name: string, signal?: AbortSignal): Promise<Offer> {
    const { offers } = await this.offers(signal);
    const found = offers.get(name);
    if (!found) throw templateNotFound(this.config.name, name, [...offers.keys()]);
    return found;
  }

  document(entry: PackEntry, signal?: AbortSignal) {
    const context = { reader: this.reader, registry: this.config.name };
    return readPackDocument(packSource(this.config.url), entry.path, context, { signal });
  }

  async packed(name: string, signal?: AbortSignal): Promise<PackedPack> {
    const { entry } = await this.find(name, signal);
    const context = { registry: this.config.name, checkout: this.checkout };
    return packPack(packSource(this.config.url), entry, context, signal);
  }

  #toOffers({ index, problems, validator }: FetchedIndex): Offers {
    const offers = new Map<string, Offer>();
    const found = [...problems];
    for (const entry of index.packs) {
      const subject = `pack ${JSON.stringify(entry.name.slice(0, 100))}`;
      const summary = offers.has(entry.name) ? 'is listed twice' : this.#summary(entry);
      if (typeof summary === 'string') found.push({ subject, message: summary });
      else offers.set(entry.name, { summary, entry });
    }
    return { offers, problems: found, validator };
  }

  /** The line of the catalog, or in words why there is none. */
  #summary({ name, version: text, description, category, tags, installs }: PackEntry): TemplateSummary | string {
    const version = packVersion(text);
    if (!isTemplateName(name)) return 'the name is none a pack can have (group.verb)';
    if (version === undefined)
      return `the version ${JSON.stringify(text.slice(0, 100))} has no order; write it like v1, 1.2 or 1.2.3`;
    return {
      name,
      version,
      description: description.slice(0, LIMITS.text),
      ...(category !== undefined && { category: category.slice(0, LIMITS.text) }),
      tags: packTags(tags),
      type: 'pack',
      registry: this.config.name,
      registryType: this.config.type,
      ...(installs !== undefined && { downloads: installs }),
    };
  }
}
