import { ChandleryError } from '../../domain/errors.ts';
import type { CatalogSnapshot, HelmdeckCatalog, PackDetail } from '../../domain/helmdeck.ts';
import type { ListingProblem } from '../../domain/registry.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { createDocumentReader } from './document.ts';
import { type FetchedIndex, readIndex, readPackDocument } from './helmdeck-documents.ts';
import { packSource } from './helmdeck-source.ts';

/** ms for the index, and for a manifest; the reference's */
const FETCH_TIMEOUT_MS = 30_000;
/** Connection pool of its own, and the name in errors. */
const POOL = 'helmdeck-default';
/** Characters of a reason that is kept. */
const MAX_REASON = 500;

export interface HelmdeckCatalogOptions {
  /** As configured; translated at each refresh, so that a wrong one is an error of the refresh and not of the start. */
  source: string;
  disabled: boolean;
  client: GuardedClient;
  /** Told why a refresh that nobody waits for failed. */
  onFailure?: (error: Error) => void;
  /** Told about entries of the index that are none. */
  onProblem?: (problem: ListingProblem) => void;
  /** ms for one fetch (default 30 s). */
  timeoutMs?: number;
}

/**
 * The catalog of the helmdeck face: fetched once at start, in the background, and then only when `refresh` is called (reference 5 rules
 * out polling). A refresh that fails leaves what there is.
 */
export function createHelmdeckCatalog(options: HelmdeckCatalogOptions): HelmdeckCatalog {
  const catalog = new RefreshedCatalog(options);
  if (!options.disabled) catalog.refresh().catch((error: Error) => catalog.isClosed() || options.onFailure?.(error));
  return catalog;
}

class RefreshedCatalog implements HelmdeckCatalog {
  readonly #options: HelmdeckCatalogOptions;
  readonly #closing = new AbortController();
  readonly #context;
  #held: CatalogSnapshot | undefined;
  #failure: string | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #waiting: Promise<CatalogSnapshot> | undefined;

  constructor(options: HelmdeckCatalogOptions) {
    this.#options = options;
    this.#context = { reader: createDocumentReader({ name: POOL }, options.client), registry: POOL };
  }

  snapshot(): CatalogSnapshot {
    this.#checkEnabled();
    if (this.#held) return this.#shown(this.#held);
    const why = this.#failure === undefined ? 'the first one is under way' : `the last one failed: ${this.#failure}`;
    throw new ChandleryError('marketplace_not_ready', `The catalog was not fetched yet; ${why}`);
  }

  /** One fetch at a time: whoever asks while one is under way gets the next, because the running one may have read the old index. */
  async refresh(): Promise<CatalogSnapshot> {
    this.#checkEnabled();
    this.#waiting ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#waiting = undefined;
        const fetched = this.#fetch();
        this.#running = fetched;
        return fetched;
      });
    return this.#waiting;
  }

  async pack(name: string): Promise<PackDetail> {
    const { index } = this.snapshot();
    const entry = index.packs.find((candidate) => candidate.name === name);
    if (!entry) {
      const shown = JSON.stringify(name.slice(0, 100));
      throw new ChandleryError('pack_not_in_catalog', `The catalog has no pack ${shown}; refresh it if the pack is new`);
    }
    try {
      const { manifest, warnings } = await readPackDocument(
        packSource(this.#options.source),
        entry.path,
        this.#context,
        this.#limits(),
      );
      return { entry, manifest, warnings };
    } catch (error) {
      throw failed('manifest_fetch_failed', error);
    }
  }

  close(): void {
    this.#closing.abort(new ChandleryError('cancelled', 'the server stops'));
  }

  isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #fetch(): Promise<CatalogSnapshot> {
    try {
      const source = packSource(this.#options.source);
      const read = await readIndex(source, this.#context, this.#limits());
      const { index, problems } = read as FetchedIndex;
      for (const problem of problems) this.#options.onProblem?.(problem);
      this.#held = { index, meta: { source: source.text, resolved_url: source.indexUrl, fetched_at: new Date().toISOString() } };
      this.#failure = undefined;
      return this.#held;
    } catch (error) {
      const failure = failed('marketplace_fetch_failed', error);
      this.#failure = failure.message.slice(0, MAX_REASON);
      throw failure;
    }
  }

  #shown(held: CatalogSnapshot): CatalogSnapshot {
    return this.#failure === undefined ? held : { ...held, meta: { ...held.meta, last_error: this.#failure } };
  }

  #limits() {
    const timeoutMs = this.#options.timeoutMs ?? FETCH_TIMEOUT_MS;
    return { timeoutMs, signal: this.#closing.signal };
  }

  #checkEnabled(): void {
    if (this.#options.disabled)
      throw new ChandleryError('marketplace_disabled', 'The pack catalog is turned off by CHANDLERY_MARKETPLACE_DISABLE');
  }
}

/** Whatever went wrong on the way, as the one word the contract has for it. */
function failed(code: 'marketplace_fetch_failed' | 'manifest_fetch_failed', error: unknown): ChandleryError {
  const { message } = error instanceof ChandleryError ? error : new Error('an unexpected error');
  return new ChandleryError(code, message, { registry: POOL }, { cause: error });
}
