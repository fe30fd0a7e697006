import { describe, expect, it } from '@jest/globals';
import { CATALOG_LIMITS } from '../../src/catalog/limits.ts';
import { codeWords, readPage, sectionOf } from './support/pages.ts';

const page = readPage('docs/catalog.md');
const ENGINE = 'src/adapters/store';

describe('docs/catalog.md', () => {
  it('tells the numbers of the code', () => {
    const limits = CATALOG_LIMITS;
    expect(page).toContain(`${limits.firstListingMs / 1_000} s for a registry of which nothing is held`);
    expect(page).toContain(`${limits.olderListingMs / 1_000} s for one with an older listing`);
    expect(page).toContain(
      `${limits.stragglerFactor} times as long as the slowest of them took and ${limits.stragglerMs / 1_000} s`,
    );
    expect(page).toContain(`at least ${limits.stragglersAfter} have answered`);
    expect(page).toContain(`within ${limits.headStartMs} ms`);
    expect(page).toContain(`up to ${limits.progressMs / 1_000} s`);
    expect(page).toContain(`| ${limits.searchMs / 60_000} minutes; a folder of this machine ${limits.folderMs / 1_000} s |`);
    expect(page).toContain(`| ${limits.concurrent}; ${limits.queued} |`);
    expect(page).toContain(`| ${limits.ratePerSecond}; ${limits.burst} |`);
    expect(page).toContain(`| ${limits.failuresToOpen}; a refused credential`);
    expect(page).toContain(`After ${limits.refreshWaitMs / 1_000} s it answers 202`);
    expect(page).toContain(`${limits.detailBytes / 1024 ** 2} MiB at most`);
  });
});

describe('how the listings are searched', () => {
  const section = sectionOf(page, '## How the listings are searched');

  it('is told with the numbers of the engine', () => {
    const numberIn = (file: string, name: string) => {
      const [, number = ''] = new RegExp(`^const ${name} = ([\\d_]+);$`, 'm').exec(readPage(`${ENGINE}/${file}`)) ?? [];
      return Number(number.replaceAll('_', '')).toLocaleString('en');
    };
    expect(section).toContain(`Lists of ${numberIn('catalog-reader.ts', 'KEPT_FROM')} entries or more`);
    expect(section).toContain(`fewer than ${numberIn('catalog-search.ts', 'FEW')} entries match`);
    expect(section).toContain(`words of ${numberIn('catalog-words.ts', 'MIN_CORRECTABLE')} letters or more`);
    expect(section).toContain(`from ${numberIn('catalog-typos.ts', 'TWO_WRONG_FROM')} letters on two`);
    expect(section).toContain(`after ${numberIn('catalog-search.ts', 'MAX_TRIES')} times`);
  });

  it('names modules that are there, and speaks of no query that does all of it', () => {
    const files = codeWords(section).filter((word) => word.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(readPage(`${ENGINE}/${file}`)).not.toBe('');
    expect(page).not.toMatch(/one query/i);
  });
});
