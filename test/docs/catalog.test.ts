import { describe, expect, it } from '@jest/globals';
import { CATALOG_LIMITS } from '../../src/catalog/limits.ts';
import { readPage } from './support/pages.ts';

const page = readPage('docs/catalog.md');

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
