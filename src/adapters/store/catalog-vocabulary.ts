import { LRUCache } from 'lru-cache';
import type { Queryable } from './catalog-snapshot.ts';

/** The words of a listing that a mistyped word may have been meant for, in this process: to compare is faster than to ask. */
export interface Vocabulary {
  words: readonly string[];
  /** Which letters each of them has (`lettersOf`). */
  letters: Int32Array;
}

/** Words held, over all listings, some 50 bytes each. */
const MAX_WORDS = 500_000;
const LETTERS = 26;
const FIRST_LETTER = 97;
/** Bits for everything that is no Latin letter. */
const OTHERS = 6;

const LOAD = {
  name: 'catalog-vocabulary',
  text: "select string_agg(word, E'\\n') as words from catalog_words where listing = $1",
};

/** A bit for each letter that is in the word, wherever and however often. */
export function lettersOf(word: string): number {
  let letters = 0;
  for (let at = 0; at < word.length; at += 1) {
    const code = word.charCodeAt(at);
    const letter = code - FIRST_LETTER;
    letters |= 1 << (letter >= 0 && letter < LETTERS ? letter : LETTERS + (code % OTHERS));
  }
  return letters;
}

export class VocabularyCache {
  readonly #held = new LRUCache<number, { generation: number; vocabulary: Promise<Vocabulary>; size: number }>({
    maxSize: MAX_WORDS,
    sizeCalculation: ({ size }) => size + 1,
  });

  constructor(readonly db: Queryable) {}

  /** Those who ask at the same time share one read. Of this generation or what has become of it meanwhile. */
  async of({ id, generation }: { id: number; generation: number }): Promise<Vocabulary> {
    const held = this.#held.get(id);
    if (held && held.generation >= generation) return held.vocabulary;
    const vocabulary = this.#load(id);
    this.#held.set(id, { generation, vocabulary, size: 0 });
    try {
      const size = (await vocabulary).words.length;
      // How much it weighs is known only now.
      if (this.#held.peek(id)?.vocabulary === vocabulary) this.#held.set(id, { generation, vocabulary, size });
      return await vocabulary;
    } catch (error) {
      if (this.#held.peek(id)?.vocabulary === vocabulary) this.#held.delete(id);
      throw error;
    }
  }

  async #load(listing: number): Promise<Vocabulary> {
    const { rows } = await this.db.query<{ words: string | null }>({ ...LOAD, values: [listing] });
    const words = rows[0]?.words?.split('\n') ?? [];
    return { words, letters: Int32Array.from(words, lettersOf) };
  }
}
