import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { CatalogSource, CatalogState, CatalogStore } from '../../domain/catalog.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { TemplateSummary } from '../../domain/registry.ts';
import type { StagedEntry } from './catalog-rows.ts';
import { hashOf, STAGED, stagedEntry } from './catalog-rows.ts';
import {
  FIND_LISTING,
  KNOWN,
  LISTED,
  lockFacets,
  REMOVE,
  STAGE,
  SWEEP_WORDS,
  TAKE_IN,
  UNSTAGE,
  WRITES,
} from './catalog-statements.ts';
import { guarded } from './database.ts';

/** Entries of one statement: few enough for it to stay far below the statement timeout on a slow disk. */
const SLICE = 2_000;
/** Entries that are sent to the store at once. */
const FLUSH = 500;
/** Share of a listing that has to change before the words that nothing has any more are looked for. */
const SWEEP_SHARE = 0.1;
/** Entries written before the planner is told. */
const ANALYZE_FROM = 1_000;

type State = Pick<CatalogState, 'validator' | 'problems' | 'problemCount'>;

/**
 * The one way a listing changes. What the registry gives is compared while it flows, and only what differs is staged, outside of any
 * transaction: a slow registry holds no connection and no lock. One transaction then takes it over.
 */
export async function replaceListing(
  pool: pg.Pool,
  source: CatalogSource,
  templates: AsyncIterable<TemplateSummary[]>,
  state: () => State,
): ReturnType<CatalogStore['replace']> {
  const run = await guarded(() => beginRun(pool, source));
  try {
    for await (const batch of templates) for (const template of batch) await run.take(template);
    return await guarded(() => run.commit(state()));
  } finally {
    // What is left behind by a failure here is swept by a later run.
    await pool.query(UNSTAGE, [run.id]).catch(() => undefined);
  }
}

async function beginRun(pool: pg.Pool, source: CatalogSource): Promise<Run> {
  const { rows } = await pool.query<{ id: number }>(FIND_LISTING, [source.registry, source.scope]);
  const listing = rows[0]?.id;
  if (listing === undefined) throw new ChandleryError('store_unavailable', `the listing of ${source.registry} was being removed`);
  return new Run(pool, source, listing, await knownEntries(pool, listing));
}

interface Known {
  generation: string;
  /** name -> hash, hexadecimal */
  hashes: Map<string, string>;
}

async function knownEntries(db: pg.Pool | pg.PoolClient, listing: number): Promise<Known | undefined> {
  const { rows } = await db.query<{ generation: string; names: string | null; hashes: Buffer | null }>(KNOWN, [listing]);
  const row = rows[0];
  if (!row) return undefined;
  const names = row.names?.split('\n') ?? [];
  const hex = row.hashes?.toString('hex') ?? '';
  const width = names.length === 0 ? 0 : hex.length / names.length;
  return {
    generation: row.generation,
    hashes: new Map(names.map((name, at) => [name, hex.slice(at * width, (at + 1) * width)])),
  };
}

class Run {
  readonly id = randomUUID();
  readonly #seen = new Map<string, string>();
  readonly #staged = new Set<string>();
  #pending: StagedEntry[] = [];

  constructor(
    private readonly pool: pg.Pool,
    private readonly source: CatalogSource,
    private readonly listing: number,
    private readonly known: Known | undefined,
  ) {}

  /** The first of two entries of one name counts. */
  async take(template: TemplateSummary): Promise<void> {
    const { name } = template;
    if (this.#seen.has(name)) return;
    const hash = hashOf(template);
    this.#seen.set(name, hash);
    if (this.known?.hashes.get(name) === hash) return;
    this.#pending.push(stagedEntry(template, this.#staged.size, hash));
    this.#staged.add(name);
    if (this.#pending.length >= FLUSH) await this.#flush();
  }

  async #flush(): Promise<void> {
    const entries = this.#pending;
    this.#pending = [];
    const columns = Object.keys(STAGED) as Array<keyof StagedEntry>;
    const values = columns.map((column) => entries.map((entry) => entry[column]));
    await guarded(() => this.pool.query({ ...STAGE, values: [this.id, ...values] }));
  }

  async commit(state: State): Promise<{ total: number; written: number; removed: number }> {
    if (this.#pending.length > 0) await this.#flush();
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const counts = await this.#takeOver(client, state);
      await client.query('commit');
      if (counts.written > 0) await client.query(TAKE_IN);
      return counts;
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => {
        broken = failure;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async #takeOver(client: pg.PoolClient, state: State) {
    await lockFacets(client, 'shared');
    const removed = await this.#removed(client);
    for (let from = 0; from < removed.length; from += SLICE)
      await client.query(REMOVE, [this.listing, removed.slice(from, from + SLICE)]);
    for (let from = 0; from < this.#staged.size; from += SLICE)
      for (const statement of WRITES) await client.query(statement, [this.listing, this.id, from, from + SLICE]);
    const changed = removed.length + this.#staged.size;
    await this.#settle(client, changed);
    const { validator = null, problems, problemCount } = state;
    const total = this.#seen.size;
    await client.query(LISTED, [this.listing, total, validator, JSON.stringify(problems), problemCount, changed > 0]);
    return { total, written: this.#staged.size, removed: removed.length };
  }

  /** Names to take out. Fails when another run changed entries that this one has left out as unchanged. */
  async #removed(client: pg.PoolClient): Promise<string[]> {
    const { rows } = await client.query<{ generation: string }>(
      'select generation from catalog_listings where id = $1 for update',
      [this.listing],
    );
    if (!rows[0]) throw conflict(this.source, 'was removed');
    const current = rows[0].generation === this.known?.generation ? this.known : await knownEntries(client, this.listing);
    const hashes = current?.hashes ?? new Map<string, string>();
    for (const [name, hash] of this.#seen)
      if (!this.#staged.has(name) && hashes.get(name) !== hash) throw conflict(this.source, 'was renewed by another server');
    return [...hashes.keys()].filter((name) => !this.#seen.has(name));
  }

  /** Words that nothing has any more only cost a look-up; they go when many may have. */
  async #settle(client: pg.PoolClient, changed: number): Promise<void> {
    const before = this.known?.hashes.size ?? 0;
    if (before > 0 && changed >= before * SWEEP_SHARE) await client.query(SWEEP_WORDS, [this.listing]);
    if (this.#staged.size >= ANALYZE_FROM) await client.query('analyze catalog_entries, catalog_summaries, catalog_words');
  }
}

function conflict(source: CatalogSource, what: string): ChandleryError {
  return new ChandleryError('store_unavailable', `the listing of ${source.registry} ${what} while it was being read`);
}
