import { describe, expect, it } from '@jest/globals';
import { codeWords, existsInRepository, readPage, sectionOf, tableRows } from './support/pages.ts';

const page = readPage('docs/architecture.md');
const rows = tableRows(sectionOf(page, '## Where to add')).slice(1);
const isPath = (word: string) => /^[\w.-]+\/[\w./-]*$/.test(word);

describe('docs/architecture.md, where to add', () => {
  it('tells about each thing that people add', () => {
    expect(rows.map(([thing]) => thing)).toEqual([
      'a step',
      'a deploy step',
      'a kind of object',
      'a cluster call',
      'a workflow',
      'a registry kind',
      'a validator or a scorer',
      'a scanner',
      'a policy',
      'a rule of registries',
      'an attack',
      'an endpoint',
      'a CLI command',
      'an error code',
      'a configuration variable',
      'a migration',
    ]);
  });

  it.each(rows)('%s: every file to touch exists', (_thing, files) => {
    const paths = codeWords(files ?? '').filter(isPath);
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => !existsInRepository(path))).toEqual([]);
  });
});
