import { describe, expect, it } from '@jest/globals';
import { CATALOG_LIMITS } from '../../src/catalog/limits.ts';
import { parseRegistriesConfig } from '../../src/domain/registries-config.ts';
import { REGISTRY_KINDS } from '../../src/domain/registry-entry.ts';
import { readPage } from './support/pages.ts';

const page = readPage('docs/catalog.md');

describe('docs/catalog.md', () => {
  it('shows a list of registries that is valid', () => {
    const sample = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const config = parseRegistriesConfig(sample, '/etc/registries.yaml', { COMPANY_TOKEN: 'x', HOME: '/root' });
    expect(config).toMatchObject({ problems: [], defaultName: 'company' });
    expect(config.registries).toHaveLength(5);
  });

  it('names every kind', () => {
    for (const kind of REGISTRY_KINDS) expect(page).toContain(`\`${kind}\``);
  });

  it('tells the numbers of the code', () => {
    const limits = CATALOG_LIMITS;
    expect(page).toContain(`${limits.firstListingMs / 1_000} s for a registry of which nothing is held`);
    expect(page).toContain(`${limits.olderListingMs / 1_000} s for one with an older listing`);
    expect(page).toContain(`up to ${limits.progressMs / 1_000} s`);
    expect(page).toContain(`| ${limits.searchMs / 60_000} minutes; a folder of this machine ${limits.folderMs / 1_000} s |`);
    expect(page).toContain(`| ${limits.concurrent}; ${limits.queued} |`);
    expect(page).toContain(`| ${limits.ratePerSecond}; ${limits.burst} |`);
    expect(page).toContain(`| ${limits.failuresToOpen}; a refused credential`);
    expect(page).toContain(`After ${limits.refreshWaitMs / 1_000} s it answers 202`);
    expect(page).toContain(`${limits.detailBytes / 1024 ** 2} MiB at most`);
  });
});
