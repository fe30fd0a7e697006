import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseRegistriesConfig } from '../../src/domain/registries-config.ts';
import { allPages, codeWords, existsInRepository, readPage, sectionOf } from './support/pages.ts';

const FOLDERS = /^(src|workflows|activities|tools|bench|test|docs|deploy|samples|templates)\/[\w./-]*$/;
/** GitHub's: lower case, spaces to hyphens, punctuation dropped. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .trim()
    .replaceAll(/\s/g, '-');

describe.each(allPages())('%s', (page) => {
  const text = readPage(page);

  it('links only to what is there', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => link ?? '');
    const broken = links.filter((link) => {
      const [file = '', anchor] = link.split('#');
      const path = file === '' ? page : normalize(join(dirname(page), file));
      if (!existsInRepository(path)) return true;
      const headings = anchor === undefined ? [] : [...readPage(path).matchAll(/^#+ (.+)$/gm)];
      return anchor !== undefined && !headings.some(([, heading]) => anchorOf(heading ?? '') === anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names only files that are there', () => {
    expect(codeWords(text).filter((word) => FOLDERS.test(word) && !existsInRepository(word))).toEqual([]);
  });
});

describe('README.md', () => {
  const text = readPage('README.md');

  it('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readPage('package.json'));
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name ?? '');
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('shows a list of registries that is valid', () => {
    const sample = /```yaml\n([\s\S]*?)```/.exec(sectionOf(text, '## Your registries'))?.[1] ?? '';
    const config = parseRegistriesConfig(sample, 'registries.yaml', { COMPANY_TOKEN: 'x' });
    expect(config.registries.map(({ name }) => name)).toEqual(['samples', 'company', 'charts']);
    expect(config).toMatchObject({ problems: [], defaultName: 'company' });
  });
});
