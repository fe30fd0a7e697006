import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { ERROR_CATALOGUE } from '../../src/domain/errors.ts';
import { errorsPage, openApiText } from '../../tools/write-docs.ts';
import { readPage } from './support/pages.ts';

const PAGES: Array<[string, () => string]> = [
  ['docs/errors.md', errorsPage],
  ['docs/openapi.json', openApiText],
];

describe.each(PAGES)('%s', (path, make) => {
  it('is what the code says (UPDATE_DOCS=1 writes it)', () => {
    if (process.env.UPDATE_DOCS) writeFileSync(join(PACKAGE_ROOT, path), make());
    expect(readPage(path)).toBe(make());
  });
});

it('no code of the catalogue is one that nobody says', () => {
  const files = ['src', 'activities', 'workflows', 'tools'].flatMap((folder) =>
    readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`),
  );
  // Not the catalogue, nor who only reads its codes; the CLI mostly reads them, and says those it calls `code`.
  const readers = /^(src\/domain\/errors\.ts|tools\/write-docs\.ts|tools\/demo\/)/;
  const sources = files
    .filter((file) => !readers.test(file))
    .map((file) => ({ text: readPage(file), isCli: file.startsWith('src/cli/') }));
  const isSaid = (code: string) => sources.some(({ text, isCli }) => text.includes(isCli ? `code: '${code}'` : `'${code}'`));
  // An entry is also said through the catalogue's own key: the failure of a run ended by hand.
  expect(Object.keys(ERROR_CATALOGUE).filter((code) => !isSaid(code) && code !== 'terminated')).toEqual([]);
});
