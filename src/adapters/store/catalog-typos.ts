import { editDistance } from '../../domain/similar-names.ts';
import type { Queryable } from './catalog-snapshot.ts';
import type { WantedWord } from './catalog-words.ts';
import { isCorrectable } from './catalog-words.ts';

/** Words of the catalog that share letters with a mistyped one; the nearest by edits are chosen from these. */
const MOST_CANDIDATES = 40;
/** Words that one mistyped word may stand for. */
const MOST_CORRECTIONS = 8;
/** From this many letters on, two of them may be wrong. */
const TWO_WRONG_FROM = 8;
/** Words of a query that are corrected; each costs a look-up. */
const MOST_WORDS = 6;

/** A word that the catalog has is meant as it is, and answered alone. */
const NEAR = {
  name: 'catalog-near',
  text: `
    with known as materialized (select 1 from catalog_words where listing = any($1::integer[]) and word = $2::text limit 1)
    select $2::text as word where exists (select 1 from known)
    union all select word from catalog_words_near($1::integer[], $2::text, $3::integer) where not exists (select 1 from known)`,
};

/**
 * What each word may have been meant for. One that the catalog has stays what it is, the last as the beginning of a word; another
 * may be a beginning wherever it stands, or mistyped if it is long enough.
 */
export async function correctWords(db: Queryable, listings: readonly number[], words: readonly string[]): Promise<WantedWord[]> {
  const worth = new Set(words.filter(isCorrectable).slice(0, MOST_WORDS));
  return Promise.all(
    words.map(async (word) => {
      const near = worth.has(word) ? await wordsNear(db, listings, word) : [];
      const isKnown = near.includes(word);
      return { word, beginning: !isKnown || word === words.at(-1), corrections: isKnown ? [] : nearest(word, near) };
    }),
  );
}

async function wordsNear(db: Queryable, listings: readonly number[], word: string): Promise<string[]> {
  const { rows } = await db.query<{ word: string }>({ ...NEAR, values: [listings, word, MOST_CANDIDATES] });
  return rows.map((row) => row.word);
}

/** Those with the fewest letters wrong, if few enough are. A word that is still being typed is near one that begins almost like it. */
function nearest(word: string, candidates: readonly string[]): string[] {
  let fewest = word.length >= TWO_WRONG_FROM ? 2 : 1;
  let chosen: string[] = [];
  for (const candidate of candidates) {
    if (candidate.startsWith(word)) continue;
    const wrong = wrongLetters(word, candidate, fewest);
    if (wrong > fewest) continue;
    if (wrong < fewest) chosen = [];
    fewest = wrong;
    chosen.push(candidate);
  }
  return chosen.slice(0, MOST_CORRECTIONS);
}

function wrongLetters(word: string, candidate: string, most: number): number {
  let fewest = most + 1;
  for (let length = word.length - most; length <= word.length + most; length += 1)
    if (length > 0 && length <= candidate.length) fewest = Math.min(fewest, editDistance(word, candidate.slice(0, length)));
  return fewest;
}
