import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { correctWords, MistypedWord } from '../../../src/adapters/store/catalog-typos.ts';
import { lettersOf } from '../../../src/adapters/store/catalog-vocabulary.ts';
import { editDistance } from '../../../src/domain/similar-names.ts';
import { entryOf, namesOf, replaceWith, sourceOf } from '../../support/catalog-entries.ts';
import { describeStores } from '../../support/stores.ts';

const vocabularyOf = (...words: string[]) => ({ words, letters: Int32Array.from(words, lettersOf) });
const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '9'), minLength: 1, maxLength: 40 });

describe('the distance of a mistyped word', () => {
  it('is the one of the table', () => {
    fc.assert(
      fc.property(word, word, (mistyped, meant) => {
        expect(new MistypedWord(mistyped).distance(meant)).toBe(editDistance(mistyped, meant));
      }),
      { numRuns: 500 },
    );
  });

  it('to the beginning of a word is that of its best beginning', () => {
    fc.assert(
      fc.property(word, word, fc.integer({ min: 1, max: 2 }), (mistyped, meant, most) => {
        const lengths = Array.from({ length: 2 * most + 1 }, (_, at) => mistyped.length - most + at);
        const distances = lengths
          .filter((length) => length > 0 && length <= meant.length)
          .map((length) => editDistance(mistyped, meant.slice(0, length)));
        const least = Math.min(most + 1, ...distances);
        expect(Math.min(most + 1, new MistypedWord(mistyped).wrongLetters(meant, most))).toBe(least);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a mistyped word', () => {
  const correctionsOf = (typed: string, ...words: string[]) =>
    correctWords([vocabularyOf(...words.slice(1)), vocabularyOf(...words)], [typed])[0]?.corrections;

  it('stands for the words with the fewest wrong letters, each once', () => {
    expect(correctionsOf('postgers', 'postgres', 'postman', 'poster', 'redis')).toEqual(['postgres']);
    expect(correctionsOf('zoming', 'zoning', 'zooming', 'homing', 'aiming')).toEqual(['homing', 'zoning', 'zooming']);
  });

  it('stands for one that is wrong as a whole before one that only begins like it', () => {
    expect(correctionsOf('redos', 'redistribution', 'redis', 'redisson')).toEqual(['redis', 'redisson', 'redistribution']);
  });

  it('stands for nothing when it is short, known, or only the beginning of a word', () => {
    expect(correctionsOf('rdi', 'redis')).toEqual([]);
    expect(correctionsOf('redis', 'redis', 'rebis')).toEqual([]);
    expect(correctionsOf('redi', 'redis')).toEqual([]);
  });
});

describeStores('the words that a typo may stand for', (lab) => {
  it('are those of the listing as it is now, and of the sources that are searched', async () => {
    const [one, other] = [sourceOf('words-one'), sourceOf('words-other')];
    await replaceWith(lab.store.catalog, one, [entryOf('prometheus')]);
    await replaceWith(lab.store.catalog, other, [entryOf('elasticsearch')]);
    const found = (q: string, ...sources: Array<typeof one>) => namesOf(lab.store.catalog, sources, { q });
    expect(await found('promethues', one, other)).toEqual(['prometheus']);
    expect(await found('elasticsaerch', one)).toEqual([]);
    expect(await found('elasticsaerch', one, other)).toEqual(['elasticsearch']);
    await replaceWith(lab.store.catalog, one, [entryOf('prometheus'), entryOf('grafana')]);
    expect(await found('grafnaa', one)).toEqual(['grafana']);
    await replaceWith(lab.store.catalog, one, [entryOf('grafana')]);
    expect(await found('promethues', one)).toEqual([]);
  });
});
