import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import type { CatalogTemplate } from '../domain/catalog-views.ts';
import { ChandleryError, type ErrorCode } from '../domain/errors.ts';
import type { HeldDetail, HeldDetailStore } from '../domain/held-details.ts';
import type { TemplateDetail } from '../domain/registry.ts';
import { identityOf } from './distinct.ts';
import type { CatalogLimits } from './limits.ts';
import type { Source } from './sources.ts';

const zip = promisify(gzip);
const unzip = promisify(gunzip);
/** zlib's fastest: details are mostly text, which it still halves three times. */
const FASTEST = { level: 1 };

interface Held extends HeldDetail {
  name: string;
}

/** What is still worth showing when the registry fails so; anything else is its answer. */
const SERVES_OLD: ReadonlySet<ErrorCode> = new Set([
  'registry_unavailable',
  'network',
  'rate_limit',
  'registry_invalid',
  'authentication',
  'authorization',
  'internal',
]);

/**
 * Details of templates, compressed: in memory within a number of bytes, and behind it in the store, for the other servers and the next
 * start. Identical fetches under way share one.
 */
export class Details {
  readonly #held: LRUCache<string, Held>;
  readonly #running = new Map<string, Promise<TemplateDetail>>();

  constructor(
    readonly limits: CatalogLimits,
    readonly now: () => number,
    /** A store that is away is as one that holds nothing: it must not stand between a reader and a registry that answers. */
    readonly rest?: HeldDetailStore,
  ) {
    this.#held = new LRUCache({ maxSize: limits.detailBytes, sizeCalculation: ({ body }) => Math.max(1, body.length) });
  }

  /** Fails as the registry does where nothing is held. */
  async get(source: Source, name: string, version = ''): Promise<CatalogTemplate> {
    // A folder is the truth itself; holding a copy of it could only be late.
    if (source.isFolder) return await source.plugin.getTemplate(name, version || undefined);
    const held = await this.#find(source, name, version);
    const age = held ? this.now() - held.fetchedAt : Number.POSITIVE_INFINITY;
    source.meter.cache(age < this.limits.templateMs, 'template');
    if (held && age < this.limits.templateMs) return await unpack(held);
    try {
      return await this.#fetch(source, name, version);
    } catch (error) {
      if (!held || !(error instanceof ChandleryError) || !SERVES_OLD.has(error.code)) throw error;
      const { code, message } = error;
      const stale = { ageSeconds: Math.round(age / 1_000), error: { registry: source.name, code, message } };
      return { ...(await unpack(held)), stale };
    }
  }

  /** Fetches what is not held, for somebody who may ask for it soon; failures tell nobody. */
  async prefetch(source: Source, name: string): Promise<void> {
    if (source.isFolder || this.#held.has(keyOf(source, name, '')) || !source.guard.hasRoom) return;
    const held = await this.#find(source, name, '');
    if (held && this.now() - held.fetchedAt < this.limits.templateMs) return;
    await this.#fetch(source, name, '').catch(() => undefined);
  }

  /** Drops what the registry's new listing says is another thing now. */
  changed(source: Source, identityNow: (name: string) => string | undefined): void {
    const prefix = prefixOf(source);
    // The list of versions inside may be another one too, so details of certain versions go with the default one's.
    const isSame = (name: string, identity: string | undefined) => identity !== undefined && identity === identityNow(name);
    for (const [key, { name, identity }] of this.#held.entries())
      if (key.startsWith(prefix) && !isSame(name, identity)) this.#held.delete(key);
    void this.rest?.retain(source.key, isSame).catch(() => undefined);
  }

  /** Another server read a new listing, and has dropped from the store what that says is another thing: what is left there is good. */
  changedElsewhere(source: Source): void {
    if (!this.rest) return;
    const prefix = prefixOf(source);
    for (const key of this.#held.keys()) if (key.startsWith(prefix)) this.#held.delete(key);
  }

  async #find(source: Source, name: string, version: string): Promise<Held | undefined> {
    const key = keyOf(source, name, version);
    const known = this.#held.get(key);
    if (known) return known;
    const found = await this.rest?.find(source.key, name, version).catch(() => undefined);
    // Meanwhile somebody may have fetched it.
    const newer = this.#held.get(key);
    if (newer || !found) return newer;
    const held = { name, ...found };
    this.#held.set(key, held);
    return held;
  }

  #fetch(source: Source, name: string, version: string): Promise<TemplateDetail> {
    const key = keyOf(source, name, version);
    const running = this.#running.get(key);
    if (running) return running;
    const started = source.guard
      .run(this.limits.detailMs, (signal) => source.plugin.getTemplate(name, version || undefined, signal))
      .then(async (detail) => {
        await this.#keep(source, name, version, detail);
        return detail;
      })
      .catch((error: unknown) => {
        if (error instanceof ChandleryError && error.code.endsWith('_not_found')) this.#forget(source, name, version);
        throw error;
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  async #keep(source: Source, name: string, version: string, detail: TemplateDetail): Promise<void> {
    const body = await zip(JSON.stringify(detail), FASTEST);
    const held = { fetchedAt: this.now(), body, ...(version === '' && { identity: identityOf(detail) }) };
    this.#held.set(keyOf(source, name, version), { name, ...held });
    // Nobody waits for it: whoever asked has the answer already.
    void this.rest?.save(source.key, name, version, held).catch(() => undefined);
  }

  #forget(source: Source, name: string, version: string): void {
    this.#held.delete(keyOf(source, name, version));
    void this.rest?.forget(source.key, name, version).catch(() => undefined);
  }
}

function keyOf(source: Source, name: string, version: string): string {
  return `${prefixOf(source)}${name} ${version}`;
}

function prefixOf({ name, scope }: Source): string {
  return `${name} ${scope} `;
}

async function unpack({ body }: Held): Promise<TemplateDetail> {
  return JSON.parse((await unzip(body)).toString('utf8'));
}
