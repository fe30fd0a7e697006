import type { CatalogState, CatalogStore } from '../domain/catalog.ts';
import type { RegistryRefresh } from '../domain/catalog-views.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { ListingProblem } from '../domain/registry.ts';
import { distinct } from './distinct.ts';
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
  /** After another server has changed a listing. */
  onElsewhere: (source: Source) => void;
  /** All that this server reads. */
  sources: () => readonly Source[];
}

/** The listings that the store holds, and when each is fetched again. Identical refreshes under way share one. */
export class Listings {
  #states = new Map<string, CatalogState>();
  /** `said`: of #expired, when it began. */
  readonly #running = new Map<string, { refreshed: Promise<Refreshed>; said: number }>();
  /** When a registry last confirmed its listing to this process; more often than it is written down. */
  readonly #confirmedAt = new Map<string, number>();
  /** How often a listing was said to be old, whatever its age, and up to which of those it has been fetched since. */
  readonly #expired = new Map<string, { said: number; met: number }>();
  /** By registry, ms on the process's own clock: when a fetch began that is under way, and how long the last one took. */
  readonly #pace = new Map<string, { since?: number; lastMs?: number }>();
  /** What this process has written since the store began to be read the last time: what is being read may be of before that. */
  readonly #written = new Map<string, CatalogState>();
  #loading: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #loadedAt: number | undefined;
  #claimedAt: number | undefined;

  constructor(readonly deps: ListingsDeps) {}

  /** Reads once what the store holds. Fails with store_unavailable. */
  async load(): Promise<void> {
    if (this.#loadedAt === undefined) await (this.#loading ?? this.#reload());
    this.#claim();
  }

  /** Reads what the store holds when that was long ago: another server may have read a listing since, or have forgotten it. */
  async look(): Promise<void> {
    const { limits, now } = this.deps;
    if (this.#loadedAt !== undefined && now() - this.#loadedAt <= limits.confirmEveryMs) return;
    await (this.#loading ?? this.#reload());
  }

  /** In the background: says that these are read here, so that nobody forgets them, and forgets what nobody has read for long. */
  #claim(): void {
    const { store, limits, now, sources } = this.deps;
    const before = this.#claimedAt;
    if (before !== undefined && now() - before < limits.claimEveryMs) return;
    this.#claimedAt = now();
    const keys = sources().map(({ key }) => key);
    store.retain(keys, limits.catalogMs).catch(() => {
      this.#claimedAt = before;
    });
  }

  /** Reads what the store holds as of now: one that is under way may have missed it, so another one follows, which later callers share. */
  #reload(): Promise<void> {
    if (this.#loading) {
      this.#following ??= this.#loading
        .catch(() => undefined)
        .then(() => {
          this.#following = undefined;
          return this.#reload();
        });
      return this.#following;
    }
    this.#loading = this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #read(): Promise<void> {
    this.#written.clear();
    const states = await this.deps.store.states();
    const found = new Map(states.map((state) => [keyOf(state), state]));
    for (const [key, written] of this.#written)
      if ((found.get(key)?.listedAt ?? '') < (written.listedAt ?? '')) found.set(key, written);
    const before = this.#states;
    this.#states = found;
    for (const source of this.deps.sources()) {
      const key = keyOf(source.key);
      const known = before.get(key);
      // Why a registry of which nothing is held cannot be listed is worth knowing, wherever it is written.
      if (known && known.listedAt === undefined && !found.has(key)) found.set(key, known);
      this.#compare(source, known?.listedAt);
    }
    this.#loadedAt = this.deps.now();
  }

  #compare(source: Source, before: string | undefined): void {
    // What this process writes itself it knows without reading, and has told more exactly.
    if (before !== undefined && before !== this.state(source)?.listedAt) this.deps.onElsewhere(source);
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
    const checked = Math.max(Date.parse(checkedAt ?? listedAt), this.#confirmedAt.get(keyOf(source.key)) ?? 0);
    return Math.max(0, this.deps.now() - checked);
  }

  isFresh(source: Source): boolean {
    return !this.#isExpired(keyOf(source.key)) && this.age(source) < source.freshMs;
  }

  /** The registry is known to list something else by now: what is held is fresh no more, and neither is what is just being fetched. */
  expire(source: Source): void {
    const key = keyOf(source.key);
    const { said = 0, met = 0 } = this.#expired.get(key) ?? {};
    this.#expired.set(key, { said: said + 1, met });
  }

  #isExpired(key: string): boolean {
    const { said = 0, met = 0 } = this.#expired.get(key) ?? {};
    return said > met;
  }

  /** Fetches the listing where it has changed; `force`: even if another server has just done so. Fails as the registry does; what is held stays. */
  refresh(source: Source, force = false): Promise<Refreshed> {
    const key = keyOf(source.key);
    const running = this.#running.get(key);
    const { said = 0 } = this.#expired.get(key) ?? {};
    if (running && running.said === said) return running.refreshed;
    const before = running?.refreshed.then(
      () => undefined,
      () => undefined,
    );
    const started = (before ?? Promise.resolve())
      .then(async () => {
        // All that was said before a fetch begins is met by it: those that were asked for meanwhile find nothing left to do.
        const meets = this.#expired.get(key)?.said ?? 0;
        const refreshed = await this.#refresh(source, force || this.#isExpired(key));
        const now = this.#expired.get(key);
        if (now) now.met = Math.max(now.met, meets);
        return refreshed;
      })
      .finally(() => {
        if (this.#running.get(key)?.refreshed === started) this.#running.delete(key);
      });
    this.#running.set(key, { refreshed: started, said });
    // Whoever waits hears of a failure; when everybody has gone on without it, it is still not an error of the process.
    started.catch(() => undefined);
    return started;
  }

  async #refresh(source: Source, force: boolean): Promise<Refreshed> {
    const { store, limits } = this.deps;
    const isFresh = () => this.isFresh(source);
    await this.look();
    if (!force && isFresh()) return this.#asHeld(source);
    try {
      const fetched = () => source.guard.run(limits.listingMs, (signal) => this.#fetch(source, signal), 'listing');
      const { isConfirmed, refreshed } = await this.#timed(keyOf(source.key), fetched);
      if (isConfirmed) await this.#reload();
      return refreshed;
    } catch (error) {
      const failure = error instanceof ChandleryError ? error : new ChandleryError('internal', String(error));
      if (failure.code !== 'store_unavailable') await this.#failed(source, failure, store);
      // Perhaps because another server was just writing the same.
      else if (!force && (await this.#reload().then(isFresh, () => false))) return this.#asHeld(source);
      throw failure;
    }
  }

  /** How long its listing has been on its way, and how long the last one took, ms; 0 for what is not known. */
  pace(source: Source): { runningMs: number; lastMs: number } {
    const { since, lastMs = 0 } = this.#pace.get(keyOf(source.key)) ?? {};
    return { runningMs: since === undefined ? 0 : performance.now() - since, lastMs };
  }

  async #timed<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#pace.get(key)?.lastMs ?? 0;
    const since = performance.now();
    this.#pace.set(key, { since, lastMs: before });
    // A registry does not become a fast one by failing.
    let least = before;
    try {
      const result = await work();
      least = 0;
      return result;
    } finally {
      this.#pace.set(key, { lastMs: Math.max(least, performance.now() - since) });
    }
  }

  /** `isConfirmed`: the store knows more of it now than this process. */
  async #fetch(source: Source, signal: AbortSignal): Promise<{ refreshed: Refreshed; isConfirmed: boolean }> {
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
      const isConfirmed = this.#mustConfirm(source);
      if (isConfirmed) await this.deps.store.confirm(source.key);
      this.#confirmedAt.set(keyOf(source.key), this.deps.now());
      return { refreshed: this.#asHeld(source), isConfirmed };
    }
    const { validator } = listing;
    const seen = new Map<string, string>();
    const state = () => ({ ...(validator !== undefined && { validator }), problems, problemCount });
    const templates = distinct(listing.templates, seen, onProblem, source.name);
    const { total, written, removed, listedAt } = await this.deps.store.replace(source.key, templates, state);
    this.#confirmedAt.set(keyOf(source.key), this.deps.now());
    this.#wrote({ ...source.key, ...state(), templates: total, listedAt, checkedAt: listedAt });
    const isChanged = written + removed > 0;
    if (isChanged) this.deps.onChanged(source, (name) => seen.get(name));
    const refreshed = { templates: total, written, removed, problemCount };
    return { refreshed: { ...refreshed, state: isChanged || !held ? 'changed' : 'unchanged' }, isConfirmed: false };
  }

  /** To read all states again after each of twenty listings takes longer than to write one. */
  #wrote(state: CatalogState): void {
    this.#states.set(keyOf(state), state);
    this.#written.set(keyOf(state), state);
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

  /** Removes what is held of registries that are not there any more. Fails with store_unavailable. */
  async forget(gone: readonly Source[]): Promise<void> {
    if (gone.length === 0) return;
    await this.deps.store.forget(gone.map(({ key }) => key));
    for (const { key } of gone) {
      this.#states.delete(keyOf(key));
      this.#confirmedAt.delete(keyOf(key));
      this.#expired.delete(keyOf(key));
      this.#pace.delete(keyOf(key));
      this.#written.delete(keyOf(key));
    }
  }
}

function keyOf({ registry, scope }: { registry: string; scope: string }): string {
  return `${registry} ${scope}`;
}

function cut(text: string): string {
  return text.slice(0, MAX_PROBLEM_LENGTH);
}
