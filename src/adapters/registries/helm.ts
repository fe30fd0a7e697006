import { withIdentity } from '../../domain/foreign/index.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { Listing, ListOptions, RegistryPlugin, TemplateSummary } from '../../domain/registry.ts';
import { defaultVersion, templateNotFound, versionNotFound } from '../../domain/registry-versions.ts';
import { searchTemplates } from '../../domain/search-page.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { summarised } from './batches.ts';
import { HelmArchives } from './helm-archive.ts';
import { type HelmEntry, helmSummary, versionEntryOf } from './helm-entry.ts';
import { type FetchedIndex, fetchHelmIndex, isSameIndex } from './helm-fetch.ts';
import type { HelmIndex } from './helm-index.ts';

/** ms in which an index that was just read is not asked for again: the steps of one install, and servers that know no conditions. */
const FRESH_MS = 10_000;
/** Bytes of an index that is kept between calls; a larger one is fetched each time. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;

/** A Helm repository: `index.yaml` (or the same as JSON) and the chart archives it names. Charts become templates of type `helm`. */
export function createHelmRegistry(config: RegistryConfig, client: GuardedClient): RegistryPlugin {
  const { name, type } = config;
  const source = new HelmSource(config, client);
  const archives = new HelmArchives(config, client);
  const summary = (template: string, entry: HelmEntry) => helmSummary(template, entry, name, type);
  const find = async (template: string, version: string | undefined, signal?: AbortSignal) => {
    const index = await source.current(signal);
    const entries = await index.versions(template);
    if (entries === undefined) throw templateNotFound(name, template, [...index.templates.keys()]);
    const chosen = version === undefined ? defaultVersion(entries) : entries.find((entry) => entry.version === version);
    if (chosen !== undefined) return { entries, chosen };
    throw versionNotFound(
      name,
      template,
      version ?? '',
      entries.map((entry) => entry.version),
    );
  };
  return {
    name,
    kind: 'helm',
    type,
    async connect(signal) {
      await source.refresh(undefined, signal);
      return { credential: config.credentials?.type ?? 'none' };
    },
    async search(filter, signal) {
      return searchTemplates(summariesOf(await source.current(signal), summary), filter);
    },
    async list(listing = {}) {
      return listIndex(source, summary, listing);
    },
    async getTemplate(template, version, signal) {
      const { entries, chosen } = await find(template, version, signal);
      const { manifest, ...shown } = await archives.show(template, chosen, signal);
      return {
        ...summary(template, chosen),
        ...shown,
        manifest: withIdentity(manifest, { name: template, version: chosen.version }),
        versions: entries.map((entry) => entry.version),
      };
    },
    async listVersions(template, signal) {
      const { entries } = await find(template, undefined, signal);
      return entries.map(versionEntryOf);
    },
    async openArchive(template, version, range) {
      const { chosen } = await find(template, version, range?.signal);
      return archives.open(template, chosen, range);
    },
    indexDate: async () => (await source.current()).generated,
  };
}

type Summarise = (template: string, entry: HelmEntry) => TemplateSummary;

function summariesOf(index: HelmIndex, summary: Summarise): TemplateSummary[] {
  return [...index.templates.values()].map(({ name, main }) => summary(name, main));
}

async function listIndex(
  source: HelmSource,
  summary: Summarise,
  { validator, signal, onProblem }: ListOptions,
): Promise<Listing> {
  const fetched = await source.refresh(validator, signal);
  if (fetched === 'unchanged') return { unchanged: true };
  for (const problem of fetched.index.problems) onProblem?.(problem);
  const { index, validator: current } = fetched;
  const templates = summarised(index.templates.values(), ({ name, main }) => summary(name, main), signal);
  return { unchanged: false, validator: current, templates };
}

/** The index of one repository, kept with its validator. */
class HelmSource {
  #held: (FetchedIndex & { checkedAt: number }) | undefined;

  constructor(
    readonly config: RegistryConfig,
    readonly client: GuardedClient,
  ) {}

  /** The index as it is now, or was a moment ago. */
  async current(signal?: AbortSignal): Promise<HelmIndex> {
    const held = this.#held;
    if (held !== undefined && performance.now() - held.checkedAt < FRESH_MS) return held.index;
    const fetched = await this.refresh(undefined, signal);
    if (fetched !== 'unchanged') return fetched.index;
    throw new Error('an index without a validator cannot be unchanged');
  }

  /** Asks the repository. `unchanged` only for the very index that the validator names. */
  async refresh(validator: string | undefined, signal: AbortSignal | undefined): Promise<FetchedIndex | 'unchanged'> {
    const held = this.#held;
    const answer = await fetchHelmIndex(this.config, this.client, {
      validator: held?.validator ?? validator,
      before: held?.index,
      signal,
    });
    if (answer === 'unchanged') {
      if (held === undefined) return 'unchanged';
      held.checkedAt = performance.now();
      return isSameIndex(held.validator, validator) ? 'unchanged' : held;
    }
    this.#held = answer.index.bytes <= MAX_HELD_BYTES ? { ...answer, checkedAt: performance.now() } : undefined;
    return isSameIndex(answer.validator, validator) ? 'unchanged' : answer;
  }
}
