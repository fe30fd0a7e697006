import { editDistance } from '../../domain/similar-names.ts';
import type { Vocabulary } from './catalog-vocabulary.ts';
import { lettersOf } from './catalog-vocabulary.ts';
import type { WantedWord } from './catalog-words.ts';
import { isCorrectable } from './catalog-words.ts';

/** Words that one mistyped word may stand for. */
const MOST_CORRECTIONS = 8;
/** From this many letters on, two of them may be wrong. */
const TWO_WRONG_FROM = 8;
/** Words of a query that are corrected; each is compared with all there are. */
const MOST_WORDS = 6;
/** Letters of a word that one number has a bit for. */
const MOST_BITS = 32;
const ASCII = 128;

/** Whether anything of this can be corrected, so that the words of the catalog are needed. */
export function areCorrectable(words: readonly string[]): boolean {
  return words.some(isCorrectable);
}

/**
 * What each word may have been meant for. One that the catalog has stays what it is, the last as the beginning of a word; another
 * may be a beginning wherever it stands, or mistyped if it is long enough.
 */
export function correctWords(vocabularies: readonly Vocabulary[], words: readonly string[]): WantedWord[] {
  const worth = new Set(words.filter(isCorrectable).slice(0, MOST_WORDS));
  return words.map((word) => {
    const corrections = worth.has(word) ? nearest(vocabularies, word) : [];
    const isKnown = corrections === 'known';
    return { word, beginning: !isKnown || word === words.at(-1), corrections: isKnown ? [] : corrections };
  });
}

/** Those with the fewest letters wrong, if few enough are. A word that is still being typed is near one that begins almost like it. */
function nearest(vocabularies: readonly Vocabulary[], word: string): string[] | 'known' {
  const mistyped = new MistypedWord(word);
  const letters = lettersOf(word);
  let fewest = word.length >= TWO_WRONG_FROM ? 2 : 1;
  const chosen = new Set<string>();
  for (const { words, letters: lettersOfWords } of vocabularies)
    for (let at = 0; at < words.length; at += 1) {
      // A wrong letter takes away one letter at most; nearly all words are told apart by that alone.
      if (hasMoreBits(letters & ~(lettersOfWords[at] ?? 0), fewest)) continue;
      const candidate = words[at] ?? '';
      if (candidate.startsWith(word)) {
        if (candidate.length === word.length) return 'known';
        continue;
      }
      if (chosen.has(candidate)) continue;
      const wrong = mistyped.wrongLetters(candidate, fewest);
      if (wrong > fewest) continue;
      if (wrong < fewest) chosen.clear();
      fewest = wrong;
      chosen.add(candidate);
    }
  return ordered(word, chosen).slice(0, MOST_CORRECTIONS);
}

/** One that is mistyped as a whole before one that only begins like it. */
function ordered(word: string, chosen: ReadonlySet<string>): string[] {
  const mistyped = new MistypedWord(word);
  const scored = Array.from(chosen, (candidate) => ({ candidate, distance: mistyped.distance(candidate) }));
  scored.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return scored.map(({ candidate }) => candidate);
}

function hasMoreBits(bits: number, most: number): boolean {
  let left = bits;
  for (let n = 0; n < most; n += 1) left &= left - 1;
  return left !== 0;
}

/**
 * Compares one word with many, all its letters at once as the bits of a number: Myers' algorithm, with Hyyrö's addition that makes a swap
 * of neighbours count as one. A hundred times as fast as the table of `editDistance`, and the same distance.
 */
export class MistypedWord {
  readonly #ascii = new Int32Array(ASCII);
  readonly #others = new Map<number, number>();

  constructor(readonly word: string) {
    for (let at = 0; at < Math.min(word.length, MOST_BITS); at += 1) {
      const code = word.charCodeAt(at);
      if (code < ASCII) this.#ascii[code] = (this.#ascii[code] ?? 0) | (1 << at);
      else this.#others.set(code, (this.#others.get(code) ?? 0) | (1 << at));
    }
  }

  /** Letters that are wrong at least, taken as the whole of the candidate or as its beginning; any number above `most` for more than that. */
  wrongLetters(candidate: string, most: number): number {
    const least = this.word.length - most;
    return candidate.length < least ? most + 1 : this.#fewest(candidate, least, this.word.length + most);
  }

  /** As `editDistance`. */
  distance(candidate: string): number {
    if (candidate === '') return this.word.length;
    return this.#fewest(candidate, candidate.length, candidate.length);
  }

  /** The smallest distance to a beginning of the candidate that has from so many letters to so many. */
  #fewest(candidate: string, from: number, to: number): number {
    const { length } = this.word;
    const until = Math.min(to, candidate.length);
    if (length > MOST_BITS) return fewestSlowly(this.word, candidate, from, until);
    const last = 1 << (length - 1);
    let vp = -1;
    let vn = 0;
    let d0 = 0;
    let before = 0;
    let distance = length;
    let fewest = Number.POSITIVE_INFINITY;
    for (let at = 0; at < until; at += 1) {
      const code = candidate.charCodeAt(at);
      const same = (code < ASCII ? this.#ascii[code] : this.#others.get(code)) ?? 0;
      const swapped = ((~d0 & same) << 1) & before;
      d0 = (((same & vp) + vp) ^ vp) | same | vn | swapped;
      let hp = vn | ~(d0 | vp);
      let hn = d0 & vp;
      if ((hp & last) !== 0) distance += 1;
      if ((hn & last) !== 0) distance -= 1;
      hp = (hp << 1) | 1;
      hn <<= 1;
      vp = hn | ~(d0 | hp);
      vn = hp & d0;
      before = same;
      if (at + 1 >= from && distance < fewest) fewest = distance;
    }
    return fewest;
  }
}

function fewestSlowly(word: string, candidate: string, from: number, to: number): number {
  let fewest = Number.POSITIVE_INFINITY;
  for (let length = Math.max(1, from); length <= to; length += 1)
    fewest = Math.min(fewest, editDistance(word, candidate.slice(0, length)));
  return fewest;
}
