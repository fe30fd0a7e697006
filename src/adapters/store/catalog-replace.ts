import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { CatalogSource, CatalogState, CatalogStore } from '../../domain/catalog.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { createTurns } from '../../domain/in-turn.ts';
import type { TemplateSummary } from '../../domain/registry.ts';
import { addPostings, rebuildPostings } from './catalog-postings.ts';
import type { StagedEntry } from './catalog-rows.ts';
import { hashOf, STAGED, stagedEntry } from './catalog-rows.ts';
import {
  ADD_FACETS,
  ANALYZE,
  BEGIN,
  FIND_LISTING,
  KNOWN,
  LISTED,
  LOCK,
  REMOVE,
  RENUMBER,
  STAGE,
  SWEEP_WORDS,
  UNSTAGE,
  UPDATE,
  WRITES,
} from './catalog-statements.ts';
import { guarded } from './database.ts';
import { inTransaction } from './transaction.ts';

/** Entries of one statement: few enough for it to stay far below the statement timeout on a slow disk. */
const SLICE = 2_000;
/** Entries that are sent to the store at once. */
const FLUSH = 500;
/** Share of a listing that has to change before the words and numbers that nothing has any more are taken out. */
const SWEEP_SHARE = 0.1;
/** Entries written before the planner is told. */
const ANALYZE_FROM = 1_000;

/** What became of a listing, and which edition of it that is. */
export type Replaced = Awaited<ReturnType<CatalogStore['replace']>> & { listing: number; generation: number };

/** What is written of a listing besides its templates. */
export type ListingFacts = Pick<CatalogState, 'validator' | 'problems' | 'problemCount'>;

/**
 * The one way a listing changes. What the registry gives is compared while it flows, and only what differs is staged, outside of any
 * transaction: a slow registry holds no connection and no lock. One transaction then takes it over.
 */
export async function replaceListing(
  pool: pg.Pool,
  inTurn: ReturnType<typeof createTurns>,
  source: CatalogSource,
  templates: AsyncIterable<TemplateSummary[]>,
  state: () => ListingFacts,
): Promise<Replaced> {
  const run = await guarded(() => beginRun(pool, source));
  try {
    for await (const batch of templates) for (const template of batch) await run.take(template);
    return await inTurn(() => guarded(() => run.commit(state())));
  } catch (error) {
    // What is left behind by a failure here is swept by a later run.
    await pool.query(UNSTAGE, [run.id]).catch(() => undefined);
    throw error;
  }
}

async function beginRun(pool: pg.Pool, source: CatalogSource): Promise<Run> {
  const { rows } = await pool.query<{ id: number; generation: string | null }>(FIND_LISTING, [source.registry, source.scope]);
  const [found] = rows;
  if (!found) throw new ChandleryError('store_unavailable', `the listing of ${source.registry} was being removed`);
  const { id, generation } = found;
  return new Run(pool, source, id, generation === null ? await knownEntries(pool, id) : { generation, hashes: new Map() });
}

interface Known {
  generation: string;
  /** name -> hash, hexadecimal */
  hashes: Map<string, string>;
}

/** What the listing held when it was locked. */
interface Locked {
  hashes: Map<string, string>;
  /** numbers in its posting lists that are nobody's */
  loose: number;
  /** The next entry written gets this number or a higher one. */
  next: number;
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

  async commit(state: ListingFacts): Promise<Replaced> {
    if (this.#pending.length > 0) await this.#flush();
    return await inTransaction(this.pool, (client) => this.#takeOver(client, state), BEGIN);
  }

  async #takeOver(client: pg.PoolClient, state: ListingFacts) {
    const locked = await this.#lock(client);
    const removed = [...locked.hashes.keys()].filter((name) => !this.#seen.has(name));
    for (let from = 0; from < removed.length; from += SLICE)
      await client.query(REMOVE, [this.listing, removed.slice(from, from + SLICE)]);
    const changed = removed.length + this.#staged.size;
    const loose = await this.#write(client, locked, removed.length);
    if (this.#staged.size >= ANALYZE_FROM) await client.query(ANALYZE);
    const { validator = null, problems, problemCount } = state;
    const values = [
      this.listing,
      this.#seen.size,
      validator,
      JSON.stringify(problems),
      problemCount,
      changed > 0,
      loose,
      this.id,
    ];
    const { rows } = await client.query<{ generation: string; listed_at: Date; staged: number }>(LISTED, values);
    // What is staged does not outlive a crash of the server. A listing without it would be taken for whole until the registry changes.
    const [row] = rows;
    if (row?.staged !== this.#staged.size) throw conflict(this.source, 'was lost by the store');
    const edition = { listing: this.listing, generation: Number(row.generation), listedAt: row.listed_at.toISOString() };
    return { ...edition, total: this.#seen.size, written: this.#staged.size, removed: removed.length };
  }

  /** Writes what is staged. Answers how many numbers in the posting lists are nobody's after that. */
  async #write(client: pg.PoolClient, { hashes, loose: looseBefore, next }: Locked, removed: number): Promise<number> {
    let loose = looseBefore + removed;
    if (this.#staged.size > 0) await client.query(ADD_FACETS, [this.id]);
    for (let from = 0; from < this.#staged.size; from += SLICE) {
      const slice = [this.listing, this.id, from, from + SLICE];
      if (hashes.size > 0) {
        loose += (await client.query(RENUMBER, slice)).rowCount ?? 0;
        await client.query(UPDATE, slice);
      }
      for (const statement of WRITES) await client.query(statement, slice);
    }
    if (loose > this.#seen.size * SWEEP_SHARE) {
      await rebuildPostings(client, this.listing, this.#seen.size);
      // Words that nothing has any more only cost a look-up; where many numbers are nobody's, many words may be.
      await client.query(SWEEP_WORDS, [this.listing]);
      return 0;
    }
    if (this.#staged.size > 0) await addPostings(client, this.listing, next, this.#staged.size);
    return loose;
  }

  /** Fails when another run changed entries that this one has left out as unchanged. */
  async #lock(client: pg.PoolClient): Promise<Locked> {
    const lock = async () => {
      const { rows } = await client.query<{ generation: string; loose: number; next: number }>(LOCK, [this.listing]);
      if (!rows[0]) throw conflict(this.source, 'was removed');
      return rows[0];
    };
    const first = await lock();
    const isKnown = first.generation === this.known?.generation;
    // A statement that had to wait for another run knows the listing as that left it, but the entries as they were before.
    const row = isKnown ? first : await lock();
    const current = isKnown ? this.known : await knownEntries(client, this.listing);
    const hashes = current?.hashes ?? new Map<string, string>();
    for (const [name, hash] of this.#seen)
      if (!this.#staged.has(name) && hashes.get(name) !== hash) throw conflict(this.source, 'was renewed by another server');
    return { hashes, loose: row.loose, next: row.next };
  }
}

function conflict(source: CatalogSource, what: string): ChandleryError {
  return new ChandleryError('store_unavailable', `the listing of ${source.registry} ${what} while it was being read`);
}
