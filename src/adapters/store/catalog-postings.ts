import { endianness } from 'node:os';
import type pg from 'pg';

/**
 * Posting lists: for each listing and each classed word the entries that have it, their numbers one after the other, four bytes each.
 * An index of PostgreSQL's own knows the same, but answers with rows that are then visited one by one: for a word of half the catalog
 * that takes ten times as long as reading its list.
 *
 * A list is only ever added to. An entry whose words change gets a new number, and an old number is nobody's, so that whoever reads
 * leaves it out; when a listing has many such numbers, its lists are made anew.
 */
export const POSTINGS_MIGRATION = `
  create table catalog_postings (
    listing integer not null, word text collate "C" not null, ids bytea not null,
    primary key (listing, word)
  );
  alter table catalog_postings alter column ids set storage external;
  alter table catalog_listings add column loose integer not null default 0;
  insert into catalog_postings (listing, word, ids)
    select listing, lexeme collate "C", string_agg(int4send(id), '' order by id)
    from (select listing, id, unnest(tsvector_to_array(words)) as lexeme from catalog_entries) as pairs group by 1, 2;
  drop index catalog_entries_words;
  -- Nothing is planned by what is in these, and counting it took most of an analyze.
  alter table catalog_entries alter column words set statistics 0;
  alter table catalog_summaries alter column summary set statistics 0;
  alter table catalog_postings alter column ids set statistics 0;
`;

/** Entries whose words are added by one statement, some thirty words each: far below the statement timeout on a slow disk. */
const SLICE = 10_000;
const INT = Int32Array.BYTES_PER_ELEMENT;
/** Sorts after every text that begins with the one it is put behind; it is no letter, so that no word has it. */
const LAST = '\u{10ffff}';

/** $1 listing, $2 numbers from here on. The first of each slice. */
const SLICES = `
  select id from (select id, row_number() over (order by id) - 1 as n from catalog_entries where listing = $1 and id >= $2) as numbered
  where n % ${SLICE} = 0 order by id`;
/**
 * $1 listing, $2 from, $3 to before. The order makes PostgreSQL sort the pairs and write one list after the other; it would otherwise
 * begin all of them at once, at a kilobyte each.
 */
const ADD = `
  insert into catalog_postings (listing, word, ids)
  select $1::integer, lexeme collate "C", string_agg(int4send(id), '' order by id)
  from (select id, unnest(tsvector_to_array(words)) as lexeme from catalog_entries
    where listing = $1::integer and id >= $2::integer and id < $3::integer) as pairs group by 2
  on conflict (listing, word) do update set ids = catalog_postings.ids || excluded.ids`;
const MAX_ID = 2 ** 31 - 1;

/** Puts the entries from this number on, so many of them, into the lists of their words. */
export async function addPostings(client: pg.PoolClient, listing: number, from: number, entries: number): Promise<void> {
  const first = [{ id: from }];
  const slices = entries <= SLICE ? first : (await client.query<{ id: number }>(SLICES, [listing, from])).rows;
  for (const [at, { id }] of slices.entries()) await client.query(ADD, [listing, id, slices[at + 1]?.id ?? MAX_ID]);
}

/** Makes the lists of a listing anew, without the numbers that nobody has any more. */
export async function rebuildPostings(client: pg.PoolClient, listing: number, entries: number): Promise<void> {
  await client.query('delete from catalog_postings where listing = $1', [listing]);
  await addPostings(client, listing, 0, entries);
}

/** Words from `low` to `high`, classed. */
export interface Term {
  low: string;
  high: string;
}

export function wholeWord(word: string): Term {
  return { low: word, high: word };
}

export function beginningWith(word: string): Term {
  return { low: word, high: word + LAST };
}

/**
 * $3 lowest and $4 highest words, side by side; the listings are those of `picked`. All the lists one after the other, each behind
 * its term's place and its length. The offset keeps the planner from reading all lists where it knows nothing about the words.
 */
export const POSTINGS = `
  (select string_agg(int4send(term.n::integer) || int4send(length(found.ids) / ${INT}) || found.ids, '')
   from unnest($3::text[], $4::text[]) with ordinality as term (low, high, n), picked,
     lateral (select ids from catalog_postings p where p.listing = picked.id and p.word >= term.low and p.word <= term.high offset 0) as found)`;

/** What POSTINGS answered: for each term the lists of its words in each listing. */
export function readPostings(answer: Buffer | null, terms: number): Int32Array[][] {
  const lists = Array.from({ length: terms }, (): Int32Array[] => []);
  const numbers = integers(answer);
  for (let at = 0; at < numbers.length; ) {
    const [n = 0, length = 0] = [numbers[at], numbers[at + 1]];
    lists[n - 1]?.push(numbers.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return lists;
}

/** PostgreSQL's byte order is the network's; this machine's may be the other. Takes the bytes over. */
export function integers(bytes: Buffer | null): Int32Array {
  if (!bytes) return new Int32Array(0);
  if (endianness() === 'LE') bytes.swap32();
  const { buffer, byteOffset, byteLength } = bytes;
  // Small answers share a buffer, in which they may begin anywhere.
  if (byteOffset % INT === 0) return new Int32Array(buffer, byteOffset, byteLength / INT);
  return new Int32Array(Uint8Array.from(bytes).buffer);
}
