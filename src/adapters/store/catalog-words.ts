import type { TemplateSummary } from '../../domain/registry.ts';
import type { Term } from './catalog-postings.ts';
import { beginningWith, wholeWord } from './catalog-postings.ts';

/**
 * How a template becomes words, and a query what is looked up. Words are made here and not by PostgreSQL's parser, which reads
 * `postgres-12` as a word and the number minus twelve. Each is kept under a class, its first letter, which says where it stands.
 */

/** n: name; t: what labels it (display name, tags, category); d: description; g: a whole tag. */
type WordClass = 'n' | 't' | 'd' | 'g';

/** Characters of a word that count. */
const MAX_WORD = 64;
/** Characters of a tag, category or licence that count; the index refuses very long ones. */
const MAX_LABEL = 100;
/** Words of one template; the description's last ones are left out. */
const MAX_WORDS = 400;
/** Words of a query; more add cost and no meaning. */
const MAX_QUERY_WORDS = 16;
/** Characters of a query that are looked at. */
const MAX_QUERY = 512;
/** Characters; with one wrong of fewer, too much is near. */
const MIN_CORRECTABLE = 4;
/** Characters of a description that are looked at, several times as many as MAX_WORDS words have. */
const MAX_TEXT = 8_192;

/** Everything that is no letter, mark or digit separates. */
function splitWords(text: string): string[] {
  return text
    .slice(0, MAX_TEXT)
    .normalize('NFKC')
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => word.slice(0, MAX_WORD).replace(/[\ud800-\udbff]$/, ''));
}

/** A label as it is compared: without control characters and lone surrogates, which PostgreSQL refuses, and of bounded length. */
export function cleanLabel(text: string): string {
  return text
    .slice(0, MAX_LABEL)
    .replace(/[\p{Cc}\p{Cs}]+/gu, ' ')
    .trim();
}

function tagKey(tag: string): string {
  return cleanLabel(tag.normalize('NFKC')).toLowerCase();
}

/** The classed words of a template, each once, and those of its name and labels that a mistyped word may have been meant for. */
export function wordsOf(template: TemplateSummary): { words: string[]; vocabulary: string[] } {
  const name = splitWords(template.name);
  const labels = [template.displayName ?? '', template.category ?? '', ...template.tags].flatMap(splitWords);
  const found = new Set<string>();
  const add = (kind: WordClass, words: Iterable<string>) => {
    for (const word of words) if (found.size < MAX_WORDS) found.add(kind + word);
  };
  // `certmanager` finds cert-manager.
  add('n', name.length > 1 ? [...name, name.join('').slice(0, MAX_WORD)] : name);
  add('g', template.tags.map(tagKey));
  // A word is kept once, where it says most: what is asked for is then read once.
  const inName = new Set(name);
  add(
    't',
    labels.filter((word) => !inName.has(word)),
  );
  const shorter = new Set([...name, ...labels]);
  add(
    'd',
    splitWords(template.description).filter((word) => !shorter.has(word)),
  );
  return { words: [...found], vocabulary: [...shorter].filter(isCorrectable).slice(0, MAX_WORDS) };
}

/** Whether a word is long enough for a wrong letter in it to be told from another word, and not a number. */
export function isCorrectable(word: string): boolean {
  return word.length >= MIN_CORRECTABLE && /\p{L}/u.test(word);
}

/** The words of a query, in their order, each once. */
export function queryWords(query: string | undefined): string[] {
  return [...new Set(splitWords((query ?? '').slice(0, MAX_QUERY)))].slice(0, MAX_QUERY_WORDS);
}

/** One word of a query, and others that may stand for it. */
export interface WantedWord {
  word: string;
  /** Whether the beginning of a word is enough. */
  beginning: boolean;
  /** whole words of the catalog that the word may have been meant for */
  corrections: readonly string[];
}

/** What is looked up for a query: the words' terms by class, name, label, description, and the tags'. */
export interface Wanted {
  words: Term[][][];
  tags: Term[];
}

/** The places of a word, the best first. */
const PLACES: readonly WordClass[] = ['n', 't', 'd'];

export function wantedOf(words: readonly WantedWord[], tags: readonly string[]): Wanted {
  return {
    words: words.map((each) => PLACES.map((kind) => alternatives(each, kind))),
    tags: tags.map((tag) => wholeWord(`g${tagKey(tag)}`)),
  };
}

function alternatives({ word, beginning, corrections }: WantedWord, kind: WordClass): Term[] {
  return [
    beginning ? beginningWith(kind + word) : wholeWord(kind + word),
    ...corrections.map((correction) => wholeWord(kind + correction)),
  ];
}
