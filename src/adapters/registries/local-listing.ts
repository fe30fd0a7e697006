import type { PublishedLine, TemplateFacts } from '../../domain/published.ts';
import type { RegistryPlugin, TemplateSummary, VersionEntry } from '../../domain/registry.ts';
import { defaultVersion } from '../../domain/registry-versions.ts';
import type { TemplateManifest, TemplateMetadata } from '../../domain/template.ts';

/** What this server offers itself, as listings and searches show it. */

/** Download counts alone make the listing another one at most this often, ms: every archive that is read would else have it read again. */
const DOWNLOADS_SHOWN_EVERY_MS = 30_000;
/** Templates handed on at once. */
const LIST_BATCH = 500;

type Here = Pick<TemplateSummary, 'registry' | 'registryType'>;

interface Merge {
  folder: RegistryPlugin;
  batches: AsyncIterable<TemplateSummary[]> | Iterable<TemplateSummary[]>;
  lines: readonly PublishedLine[];
  facts: ReadonlyMap<string, TemplateFacts>;
  here: Here;
}

/** One line for each template, of the folders and of what is published, with what is known of it. */
export async function* mergedSummaries({ folder, batches, lines, facts, here }: Merge): AsyncGenerator<TemplateSummary[]> {
  const byName = groupByName(lines);
  const both = new Map<string, TemplateSummary>();
  for await (const batch of batches) {
    const own = batch.filter((template) => !byName.has(template.name));
    for (const template of batch) if (byName.has(template.name)) both.set(template.name, template);
    yield own.map((template) => ({ ...template, ...factsOf(facts.get(template.name)) }));
  }
  let summaries: TemplateSummary[] = [];
  for (const [name, versions] of byName) {
    const inFolder = both.get(name);
    const summary = inFolder ? await ofBoth(folder, inFolder, versions, here) : summaryOf(versions, here);
    if (summary) summaries.push({ ...summary, ...factsOf(facts.get(name)) });
    if (summaries.length < LIST_BATCH) continue;
    yield summaries;
    summaries = [];
  }
  yield summaries;
}

function groupByName(lines: readonly PublishedLine[]): Map<string, PublishedLine[]> {
  const groups = new Map<string, PublishedLine[]>();
  for (const line of lines) {
    const group = groups.get(line.name);
    if (group) group.push(line);
    else groups.set(line.name, [line]);
  }
  return groups;
}

function summaryOf(versions: readonly PublishedLine[], here: Here): TemplateSummary | undefined {
  const chosen = defaultVersion(versions);
  return chosen && summarise(chosen, here);
}

/** A name that came into a folder after it was published: the version that a bare name means may be in either. */
async function ofBoth(
  folder: RegistryPlugin,
  inFolder: TemplateSummary,
  lines: readonly PublishedLine[],
  here: Here,
): Promise<TemplateSummary | undefined> {
  const entries = await folder.listVersions(inFolder.name);
  const taken = new Set(entries.map(({ version }) => version));
  const free = lines.filter(({ version }) => !taken.has(version));
  const chosen = defaultVersion<Pick<VersionEntry, 'version' | 'yanked'>>([...entries, ...free]);
  const line = free.find((one) => one === chosen);
  return line ? summarise(line, here) : inFolder;
}

interface Described {
  name: string;
  version: string;
  digest: string;
  publishedAt: string;
  metadata: TemplateMetadata;
  type: TemplateManifest['spec']['type'];
}

/** One version as a search shows it. */
export function summarise({ name, version, digest, publishedAt, metadata, type }: Described, here: Here): TemplateSummary {
  const { displayName, description, category, tags, license, homepage } = metadata;
  return {
    name,
    version,
    ...(displayName !== undefined && { displayName }),
    description,
    ...(category !== undefined && { category }),
    tags: tags ?? [],
    ...(license !== undefined && { license }),
    type,
    ...here,
    digest,
    ...(homepage !== undefined && { homepage }),
    updatedAt: publishedAt,
  };
}

/** Nothing is said of what nobody downloaded, rated or vouched for. */
export function factsOf(facts: TemplateFacts | undefined): Partial<TemplateSummary> {
  if (!facts) return {};
  const { downloads, rating, ratingCount, verified } = facts;
  return {
    downloads,
    ...(rating !== undefined && { rating, ratingCount }),
    ...(verified && { verified }),
  };
}

/** The number of downloads that the stamp speaks of. */
export class ShownDownloads {
  #revision = -1;
  #downloads = 0;
  #at = Number.NEGATIVE_INFINITY;

  constructor(private readonly now: () => number) {}

  of(revision: number, downloads: number): number {
    const isDue = revision !== this.#revision || this.now() - this.#at >= DOWNLOADS_SHOWN_EVERY_MS;
    if (isDue && (revision !== this.#revision || downloads !== this.#downloads)) {
      this.#revision = revision;
      this.#downloads = downloads;
      this.#at = this.now();
    }
    return this.#downloads;
  }
}

/** Everything in memory, as long as it is what there is: other servers and people page through it. */
export class HeldSummaries {
  #signature: string | undefined;
  #held: Promise<TemplateSummary[]> = Promise.resolve([]);

  constructor(private readonly read: () => Promise<AsyncIterable<TemplateSummary[]>>) {}

  get(signature: string): Promise<TemplateSummary[]> {
    if (signature === this.#signature) return this.#held;
    const held = this.#all();
    this.#signature = signature;
    this.#held = held;
    held.catch(() => {
      if (this.#held === held) this.#signature = undefined;
    });
    return held;
  }

  async #all(): Promise<TemplateSummary[]> {
    const all: TemplateSummary[] = [];
    for await (const batch of await this.read()) all.push(...batch);
    return all;
  }
}
