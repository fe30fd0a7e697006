import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ChartSource } from '../../domain/chart-source.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { ArchiveOrigin } from '../../domain/lock.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { ListingProblem, RegistryPlugin } from '../../domain/registry.ts';
import { templateNotFound, versionNotFound } from '../../domain/registry-versions.ts';
import { searchTemplates } from '../../domain/search-page.ts';
import { parseJson } from '../http/body.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { type ArkItem, dependenciesOf, manifestOf, readItem, summaryOf } from './ark-item.ts';
import { inBatches } from './batches.ts';
import { createDocumentReader, type DocumentReader } from './document.ts';

const LIMITS = Object.freeze({
  /** bytes of a marketplace.json; the largest known has 20 items in 20 KiB */
  maxBytes: 4 * 1024 * 1024,
  maxItems: 10_000,
  /** Items read before others get a turn. */
  turn: 200,
  /** Problems kept; the rest would only cost memory. */
  maxProblems: 1_000,
});

export interface ArkOptions {
  /** Where the archive at a chart's reference lies, for locks that outlive the marketplace. */
  originOf?: (chart: string) => ArchiveOrigin;
}

/**
 * An Ark marketplace: one `marketplace.json` with `items[]`, each a chart in an OCI registry whose tag is the item's version. There is one
 * version of each item. Charts are asked for only when one is installed.
 */
export function createArkRegistry(
  config: RegistryConfig,
  client: GuardedClient,
  charts: ChartSource,
  { originOf }: ArkOptions = {},
): RegistryPlugin {
  const { name, type } = config;
  const source = new Marketplace(config, createDocumentReader(config, client));
  const find = async (template: string, version: string | undefined, signal: AbortSignal | undefined) => {
    const { items } = await source.offers(signal);
    const item = items.get(template);
    if (!item) throw templateNotFound(name, template, [...items.keys()]);
    if (version !== undefined && version !== item.version) throw versionNotFound(name, template, version, [item.version]);
    return { item, dependencies: dependenciesOf(item, items) };
  };
  return {
    name,
    kind: 'ark',
    type,
    async connect(signal) {
      await source.offers(signal);
      return { credential: config.credentials?.type ?? 'none' };
    },
    async search(filter, signal) {
      const { items } = await source.offers(signal);
      return searchTemplates(
        [...items.values()].map((item) => summaryOf(item, name, type)),
        filter,
      );
    },
    async list({ validator, signal, onProblem } = {}) {
      const read = await source.read(signal, validator);
      if (read === undefined || read.validator === validator) return { unchanged: true };
      for (const problem of read.problems) onProblem?.(problem);
      const templates = [...read.items.values()].map((item) => summaryOf(item, name, type));
      return { unchanged: false, validator: read.validator, templates: inBatches(templates, signal) };
    },
    async getTemplate(template, version, signal) {
      const { item, dependencies } = await find(template, version, signal);
      const manifest = manifestOf(item, dependencies);
      return { ...summaryOf(item, name, type), manifest, versions: [item.version], size: 0 };
    },
    async listVersions(template, signal) {
      const { item, dependencies } = await find(template, undefined, signal);
      const { digest, size } = await charts.resolve(item.chart, item.version, signal);
      return [{ version: item.version, digest, size, dependencies, ...(originOf && { origin: originOf(item.chart) }) }];
    },
    async openArchive(template, version, range) {
      const { item } = await find(template, version, range?.signal);
      return charts.open(item.chart, item.version, range);
    },
  };
}

interface Offers {
  items: Map<string, ArkItem>;
  problems: ListingProblem[];
  validator: string;
}

class Marketplace {
  /** The last document read; a bounded cache of one, so that the steps of an install do not fetch it again. */
  #held: Offers | undefined;

  constructor(
    readonly config: RegistryConfig,
    readonly reader: DocumentReader,
  ) {}

  /** Undefined when the document is still the one of `known` and none is held. */
  async read(signal?: AbortSignal, known?: string): Promise<Offers | undefined> {
    const held = this.#held;
    const { url, name: registry } = this.config;
    const document = await this.reader.read({ url, maxBytes: LIMITS.maxBytes, validator: held?.validator ?? known, signal });
    if (document === 'unchanged' || document === undefined) return held;
    const listed = this.#itemsOf(parseJson(document.bytes, { url, registry }));
    this.#held = { ...(await this.#readItems(listed, signal)), validator: document.validator };
    return this.#held;
  }

  async offers(signal?: AbortSignal): Promise<Offers> {
    return (await this.read(signal)) ?? { items: new Map(), problems: [], validator: '' };
  }

  #itemsOf(value: unknown): unknown[] {
    const items = (value as { items?: unknown } | null)?.items;
    if (!Array.isArray(items)) throw this.#invalid('is not a marketplace: it has no list `items`');
    if (items.length > LIMITS.maxItems) throw this.#invalid(`has more than ${LIMITS.maxItems} items`);
    return items;
  }

  async #readItems(listed: unknown[], signal: AbortSignal | undefined): Promise<Pick<Offers, 'items' | 'problems'>> {
    const items = new Map<string, ArkItem>();
    const problems: ListingProblem[] = [];
    for (const [index, value] of listed.entries()) {
      if (index % LIMITS.turn === LIMITS.turn - 1) await nextTurn();
      signal?.throwIfAborted();
      const item = readItem(value);
      const problem = typeof item === 'string' ? item : items.has(item.name) ? 'is listed twice' : undefined;
      if (problem === undefined && typeof item !== 'string') items.set(item.name, item);
      else if (problems.length < LIMITS.maxProblems) problems.push({ subject: subjectOf(value, index), message: problem ?? '' });
    }
    return { items, problems };
  }

  #invalid(what: string): ChandleryError {
    return new ChandleryError('registry_invalid', `${this.config.url} ${what}`, { registry: this.config.name });
  }
}

function subjectOf(value: unknown, index: number): string {
  const name = (value as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? `item ${JSON.stringify(name.slice(0, 100))}` : `item ${index + 1}`;
}
