import type { CatalogState, CatalogStore } from '../domain/catalog.ts';
import type { RegistryRefresh } from '../domain/catalog-views.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { ListingProblem, TemplateSummary } from '../domain/registry.ts';
import type { CatalogLimits } from './limits.ts';
import type { Source } from './sources.ts';

/** Problems of one listing that are kept; there may be one for each of its entries. */
const MAX_PROBLEMS = 20;
/** Characters of a problem that are kept. */
const MAX_PROBLEM_LENGTH = 500;

export type Refreshed = Omit<RegistryRefresh, 'registry' | 'state'> & { state: 'unchanged' | 'changed' };

export interface ListingsDeps {
  store: CatalogStore;
  limits: CatalogLimits;
  now: () => number;
  /** After a listing has changed, with what it now says of a name. */
  onChanged: (source: Source, summaryOf: (name: string) => string | undefined) => void;
}

/** The listings that the store holds, and when each is fetched again. Identical refreshes under way share one. */
export class Listings {
  #states = new Map<string, CatalogState>();
  readonly #running = new Map<string, Promise<Refreshed>>();
  /** When a registry last confirmed its listing to this process; more often than it is written down. */
  readonly #confirmedAt = new Map<string, number>();
  #loading: Promise<void> | undefined;
  #loadedAt: number | undefined;

  constructor(readonly deps: ListingsDeps) {}

  /** Reads once what the store holds. Fails with store_unavailable. */
  async load(): Promise<void> {
    if (this.#loadedAt === undefined) await this.#reload();
  }

  #reload(): Promise<void> {
    this.#loading ??= this.deps.store
      .states()
      .then((states) => {
        const found = new Map(states.map((state) => [keyOf(state), state]));
        // Why a registry of which nothing is held cannot be listed is worth knowing, wherever it is written.
        for (const [key, state] of this.#states) if (state.listedAt === undefined && !found.has(key)) found.set(key, state);
        this.#states = found;
        this.#loadedAt = this.deps.now();
      })
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }

  state(source: Source): CatalogState | undefined {
    return this.#states.get(keyOf(source.key));
  }

  isHeld(source: Source): boolean {
    return this.state(source)?.listedAt !== undefined;
  }

  /** Age of the listing that is held, ms; infinite where there is none. */
  age(source: Source): number {
    const { listedAt, checkedAt } = this.state(source) ?? {};
    if (listedAt === undefined) return Number.POSITIVE_INFINITY;
    const checked = Math.max(Date.parse(checkedAt ?? listedAt), this.#confirmedAt.get(source.name) ?? 0);
    return Math.max(0, this.deps.now() - checked);
  }

  isFresh(source: Source): boolean {
    return this.age(source) < source.freshMs;
  }

  /** Fetches the listing where it has changed; `force`: even if another server has just done so. Fails as the registry does; what is held stays. */
  refresh(source: Source, force = false): Promise<Refreshed> {
    const running = this.#running.get(source.name);
    if (running) return running;
    const started = this.#refresh(source, force).finally(() => this.#running.delete(source.name));
    this.#running.set(source.name, started);
    // Whoever waits hears of a failure; when everybody has gone on without it, it is still not an error of the process.
    started.catch(() => undefined);
    return started;
  }

  async #refresh(source: Source, force: boolean): Promise<Refreshed> {
    const { store, limits, now } = this.deps;
    // Another server may have read the listing since, or have forgotten it.
    if (this.#loadedAt === undefined || now() - this.#loadedAt > limits.confirmEveryMs) await this.#reload();
    if (!force && this.isFresh(source)) return this.#asHeld(source);
    try {
      const refreshed = await source.guard.run(limits.listingMs, (signal) => this.#fetch(source, signal));
      if (refreshed.state === 'changed' || this.#mustConfirm(source)) await this.#reload();
      return refreshed;
    } catch (error) {
      const failure = error instanceof ChandleryError ? error : new ChandleryError('internal', String(error));
      if (failure.code !== 'store_unavailable') await this.#failed(source, failure, store);
      throw failure;
    }
  }

  async #fetch(source: Source, signal: AbortSignal): Promise<Refreshed> {
    const held = this.state(source);
    const problems: ListingProblem[] = [];
    let problemCount = 0;
    const onProblem = ({ subject, message }: ListingProblem) => {
      problemCount += 1;
      if (problems.length < MAX_PROBLEMS) problems.push({ subject: cut(subject), message: cut(message) });
    };
    const options = { signal, onProblem, ...(held?.listedAt && held.validator && { validator: held.validator }) };
    const listing = await source.plugin.list(options);
    if (listing.unchanged) {
      if (this.#mustConfirm(source)) await this.deps.store.confirm(source.key);
      this.#confirmedAt.set(source.name, this.deps.now());
      return this.#asHeld(source);
    }
    const { validator } = listing;
    const seen = new Map<string, string>();
    const state = () => ({ ...(validator !== undefined && { validator }), problems, problemCount });
    const templates = distinct(listing.templates, seen, onProblem, source.name);
    const { total, written, removed } = await this.deps.store.replace(source.key, templates, state);
    this.#confirmedAt.set(source.name, this.deps.now());
    const isChanged = written + removed > 0;
    if (isChanged) this.deps.onChanged(source, (name) => seen.get(name));
    return { state: isChanged || !held ? 'changed' : 'unchanged', templates: total, written, removed, problemCount };
  }

  #asHeld(source: Source): Refreshed {
    const { templates = 0, problemCount = 0 } = this.state(source) ?? {};
    return { state: 'unchanged', templates, written: 0, removed: 0, problemCount };
  }

  /** A confirmation is written down now and then: other servers and the next start go by it. */
  #mustConfirm(source: Source): boolean {
    const { checkedAt, error } = this.state(source) ?? {};
    return error !== undefined || this.deps.now() - Date.parse(checkedAt ?? '') > this.deps.limits.confirmEveryMs;
  }

  async #failed(source: Source, { code, message }: ChandleryError, store: CatalogStore): Promise<void> {
    const at = new Date(this.deps.now()).toISOString();
    const before = this.state(source) ?? { ...source.key, templates: 0, problems: [], problemCount: 0 };
    this.#states.set(keyOf(source.key), { ...before, error: { code, message: cut(message), at } });
    // The same failure again, while nobody asks the registry, is no news.
    if (before.error?.code !== code) await store.fail(source.key, { code, message: cut(message) }).catch(() => undefined);
  }

  /** Forgets the listings of registries that are not configured any more. */
  async retain(sources: readonly Source[]): Promise<void> {
    await this.deps.store.retain(sources.map(({ key }) => key));
  }
}

/** What decides whether a detail that is held still speaks of the same thing. */
export function identityOf({ version, digest }: Pick<TemplateSummary, 'version' | 'digest'>): string {
  return `${version} ${digest ?? ''}`;
}

async function* distinct(
  batches: AsyncIterable<TemplateSummary[]>,
  seen: Map<string, string>,
  onProblem: (problem: ListingProblem) => void,
  registry: string,
): AsyncGenerator<TemplateSummary[]> {
  for await (const batch of batches) {
    const fresh: TemplateSummary[] = [];
    for (const template of batch) {
      if (seen.has(template.name)) {
        onProblem({ subject: template.name, message: `is listed twice by ${registry}; the first counts` });
        continue;
      }
      seen.set(template.name, identityOf(template));
      fresh.push(template);
    }
    if (fresh.length > 0) yield fresh;
  }
}

function keyOf({ registry, scope }: { registry: string; scope: string }): string {
  return `${registry} ${scope}`;
}

function cut(text: string): string {
  return text.slice(0, MAX_PROBLEM_LENGTH);
}
