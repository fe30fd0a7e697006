import { createHash } from 'node:crypto';
import type { CatalogQuery, CatalogSource } from '../../src/domain/catalog.ts';
import type { RegistryType, TemplateSummary } from '../../src/domain/registry.ts';
import { SeededRandom } from '../../tools/chaos/random.ts';

/** A catalog as teams have them: hyphenated names, words of which few are everywhere and most are rare, and copies in two registries. */

const ENTRIES_PER_REGISTRY = 10_000;
/** Words of the made-up language. */
const VOCABULARY = 12_000;
/** How much rarer each next word is; 1 is how words of a language are. */
const ZIPF = 1;
const CATEGORIES = 40;
/** Words of a description. */
const SENTENCE = { least: 8, most: 30 };
/** Share of entries that the registry before has too, byte for byte. */
const COPIED = 0.05;
const TYPES = ['workload', 'manifests', 'helm', 'deployer', 'pack', 'stack'] as const;
const REGISTRY_TYPES: readonly RegistryType[] = ['official', 'community', 'institutional', 'private', 'community'];
const LICENSES = ['Apache-2.0', 'MIT', 'BSD-3-Clause', 'GPL-3.0-only', 'MPL-2.0', 'AGPL-3.0-only'];
const KNOWN_WORDS = [
  'database',
  'server',
  'cluster',
  'operator',
  'postgres',
  'redis',
  'kafka',
  'monitoring',
  'prometheus',
  'ingress',
];
const SYLLABLES =
  'ba be bo ca ce co da de di fa fi ga go ha he ka ki la le lo ma me mi na ne no pa pe po ra re ro sa se ta te to va ve za'.split(
    ' ',
  );
const VERIFIED = 0.3;
/** characters, as a Kubernetes label */
const MAX_NAME = 63;
/** The words that are everywhere. */
const COMMON = 30;
/** From here on a word is in few templates. */
const RARE_FROM = 2_000;
/** entries left out before a page */
const DEEP = 20_000;
const FIRST_DAY = Date.UTC(2020, 0, 1);
const DAYS = 2_000;
const DAY_MS = 86_400_000;

export interface Corpus {
  sources: CatalogSource[];
  listings: TemplateSummary[][];
  /** the most frequent first */
  vocabulary: string[];
}

export function createCorpus(seed: number, perRegistry = ENTRIES_PER_REGISTRY): Corpus {
  const random = new SeededRandom(seed);
  const vocabulary = makeVocabulary(random);
  const pick = zipfian(random, vocabulary);
  const listings: TemplateSummary[][] = [];
  for (const [at, registryType] of REGISTRY_TYPES.entries()) {
    const registry = `registry-${at + 1}`;
    const taken = new Set<string>();
    const copies = (listings[at - 1] ?? []).slice(0, perRegistry * COPIED).map((entry) => ({ ...entry, registry, registryType }));
    for (const { name } of copies) taken.add(name);
    const own = Array.from({ length: perRegistry - copies.length }, () =>
      makeEntry(random, pick, taken, { registry, registryType }),
    );
    listings.push([...copies, ...own]);
  }
  const sources = REGISTRY_TYPES.map((_, at) => ({ registry: `registry-${at + 1}`, scope: `${at}`.repeat(16) }));
  return { sources, listings, vocabulary };
}

function makeVocabulary(random: SeededRandom): string[] {
  // The known ones first: they are the words of half the catalog.
  const words = new Set(KNOWN_WORDS);
  while (words.size < VOCABULARY) words.add(Array.from({ length: random.between(2, 4) }, () => one(random, SYLLABLES)).join(''));
  return [...words];
}

/** A word as often as its place among the words says. */
function zipfian(random: SeededRandom, words: readonly string[]): () => string {
  let sum = 0;
  const sums = words.map((_, at) => (sum += 1 / (at + 2) ** ZIPF));
  return () => {
    const wanted = random.next() * sum;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return words[low] ?? '';
  };
}

function makeEntry(
  random: SeededRandom,
  pick: () => string,
  taken: Set<string>,
  { registry, registryType }: Pick<TemplateSummary, 'registry' | 'registryType'>,
): TemplateSummary {
  const name = freshName(random, pick, taken);
  const version = `${random.between(0, 20)}.${random.between(0, 30)}.${random.between(0, 9)}`;
  const type = one(random, TYPES);
  return {
    ...{ name, version, registry, registryType, type },
    displayName: name
      .split('-')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(' '),
    description: Array.from({ length: random.between(SENTENCE.least, SENTENCE.most) }, pick).join(' '),
    category: `category-${Math.floor(random.next() ** 2 * CATEGORIES) + 1}`,
    tags: Array.from({ length: random.between(1, 5) }, pick),
    license: LICENSES[Math.floor(random.next() ** 2 * LICENSES.length)] ?? 'MIT',
    digest: `sha256:${createHash('sha256').update(`${registry} ${name}`).digest('hex')}`,
    downloads: Math.floor(10 ** (random.next() * 6)),
    rating: random.between(10, 50) / 10,
    verified: random.next() < VERIFIED,
    updatedAt: new Date(FIRST_DAY + random.between(0, DAYS) * DAY_MS).toISOString(),
  };
}

function freshName(random: SeededRandom, pick: () => string, taken: Set<string>): string {
  for (;;) {
    const name = Array.from({ length: random.between(1, 4) }, pick).join('-');
    if (taken.has(name) || name.length > MAX_NAME) continue;
    taken.add(name);
    return name;
  }
}

function one<Item>(random: SeededRandom, items: readonly Item[]): Item {
  return items[random.between(0, items.length - 1)] as Item;
}

/** What people type, by what makes it hard. Each is a function of the source of chance, so that no two rounds ask the same. */
export function queriesOf(corpus: Corpus, random: SeededRandom): Record<string, () => CatalogQuery> {
  const page = { limit: 20, offset: 0, facets: true };
  const entry = () => one(random, one(random, corpus.listings));
  const common = () => corpus.vocabulary[random.between(0, COMMON - 1)] ?? '';
  const rare = () => corpus.vocabulary[random.between(RARE_FROM, corpus.vocabulary.length - 1)] ?? '';
  return {
    'a name': () => ({ ...page, q: entry().name }),
    'a rare word': () => ({ ...page, q: rare() }),
    'a rare word and a common one': () => ({ ...page, q: `${rare()} ${common()}` }),
    'a common word': () => ({ ...page, q: common() }),
    'two common words': () => ({ ...page, q: `${common()} ${common()}` }),
    'a beginning': () => ({ ...page, q: rare().slice(0, 4) }),
    'a typo': () => ({ ...page, q: mistype(random, rare()) }),
    'a name with a typo': () => ({ ...page, q: mistype(random, entry().name) }),
    'filters only': () => ({ ...page, category: [entry().category ?? ''], type: [entry().type], sort: 'downloads' }),
    'a common word and filters': () => ({ ...page, q: common(), registryType: ['community'], verified: true }),
    'everything, deep': () => ({ ...page, offset: random.between(0, DEEP) }),
    'a common word, deep': () => ({ ...page, q: common(), offset: random.between(0, DEEP / 10) }),
  };
}

/** One letter left out, doubled, or changed with its neighbour. */
function mistype(random: SeededRandom, text: string): string {
  const at = random.between(1, Math.max(1, text.length - 2));
  const [before, letter, next, rest] = [text.slice(0, at), text.charAt(at), text.charAt(at + 1), text.slice(at + 2)];
  return before + one(random, [next, letter + letter + next, next + letter]) + rest;
}
