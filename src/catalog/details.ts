import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import type { CatalogTemplate } from '../domain/catalog-views.ts';
import { ChandleryError, type ErrorCode } from '../domain/errors.ts';
import type { TemplateDetail } from '../domain/registry.ts';
import type { CatalogLimits } from './limits.ts';
import { identityOf } from './listings.ts';
import type { Source } from './sources.ts';

const zip = promisify(gzip);
const unzip = promisify(gunzip);
/** zlib's fastest: details are mostly text, which it still halves three times. */
const FASTEST = { level: 1 };

interface Held {
  name: string;
  /** Absent where a certain version was asked for: that one does not change. */
  identity?: string;
  fetchedAt: number;
  json: Buffer;
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

/** Details of templates, compressed in memory, within a number of bytes. Identical fetches under way share one. */
export class Details {
  readonly #held: LRUCache<string, Held>;
  readonly #running = new Map<string, Promise<TemplateDetail>>();

  constructor(
    readonly limits: CatalogLimits,
    readonly now: () => number,
  ) {
    this.#held = new LRUCache({ maxSize: limits.detailBytes, sizeCalculation: ({ json }) => Math.max(1, json.length) });
  }

  /** Fails as the registry does where nothing is held. */
  async get(source: Source, name: string, version?: string): Promise<CatalogTemplate> {
    // A folder is the truth itself; holding a copy of it could only be late.
    if (source.isFolder) return await source.plugin.getTemplate(name, version);
    const key = keyOf(source, name, version);
    const held = this.#held.get(key);
    const age = held ? this.now() - held.fetchedAt : Number.POSITIVE_INFINITY;
    source.meter.cache(age < this.limits.templateMs);
    if (held && age < this.limits.templateMs) return await unpack(held);
    try {
      return await this.#fetch(source, key, name, version);
    } catch (error) {
      if (!held || !(error instanceof ChandleryError) || !SERVES_OLD.has(error.code)) throw error;
      const { code, message } = error;
      const stale = { ageSeconds: Math.round(age / 1_000), error: { registry: source.name, code, message } };
      return { ...(await unpack(held)), stale };
    }
  }

  /** Fetches what is not held, for somebody who may ask for it soon; failures tell nobody. */
  async prefetch(source: Source, name: string): Promise<void> {
    const key = keyOf(source, name, undefined);
    if (source.isFolder || this.#held.has(key) || !source.guard.hasRoom) return;
    await this.#fetch(source, key, name, undefined).catch(() => undefined);
  }

  /** Drops what the registry's new listing says is another thing now. */
  changed(source: Source, identityNow: (name: string) => string | undefined): void {
    const prefix = prefixOf(source);
    for (const [key, { name, identity }] of this.#held.entries()) {
      if (!key.startsWith(prefix)) continue;
      const now = identityNow(name);
      // The list of versions inside may be another one too, so details of certain versions go with the default one's.
      if (now === undefined || identity === undefined || identity !== now) this.#held.delete(key);
    }
  }

  #fetch(source: Source, key: string, name: string, version: string | undefined): Promise<TemplateDetail> {
    const running = this.#running.get(key);
    if (running) return running;
    const started = source.guard
      .run(this.limits.detailMs, (signal) => source.plugin.getTemplate(name, version, signal))
      .then(async (detail) => {
        const json = await zip(JSON.stringify(detail), FASTEST);
        const identity = version === undefined ? { identity: identityOf(detail) } : {};
        this.#held.set(key, { name, fetchedAt: this.now(), json, ...identity });
        return detail;
      })
      .catch((error: unknown) => {
        if (error instanceof ChandleryError && error.code.endsWith('_not_found')) this.#held.delete(key);
        throw error;
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }
}

function keyOf(source: Source, name: string, version: string | undefined): string {
  return `${prefixOf(source)}${name} ${version ?? ''}`;
}

function prefixOf({ name, scope }: Source): string {
  return `${name} ${scope} `;
}

async function unpack({ json }: Held): Promise<TemplateDetail> {
  return JSON.parse((await unzip(json)).toString('utf8'));
}
