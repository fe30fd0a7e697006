import { describe, expect, it } from '@jest/globals';
import { looksLike } from '../../../src/adapters/archive/look-alike.ts';
import { packFiles } from '../../../src/adapters/archive/pack.ts';
import { failureOf, inspect, rawTar, X } from './support.ts';

describe('attack: Unicode look-alike paths', () => {
  const cases: Array<[string, string, string]> = [
    ['a Cyrillic letter', 'template.yaml', 'templ\u0430te.yaml'],
    ['a Greek letter', 'notes.md', 'n\u03bftes.md'],
    ['an Armenian letter', 'notes.md', 'n\u0585tes.md'],
    ['a capital of another script', 'README.md', 'R\u0415ADME.md'],
    ['a letter of full width', 'template.yaml', '\uff54emplate.yaml'],
    ['a mathematical letter', 'a.yaml', '\u{1d41a}.yaml'],
    ['a character that is not shown', 'template.yaml', 'template\u200b.yaml'],
    ['a soft hyphen', 'template.yaml', 'temp\u00adlate.yaml'],
    ['another hyphen', 'web-app.yaml', 'web\u2010app.yaml'],
    ['a slash that is none', 'a/b', 'a\u2215b'],
    ['a folder with a Cyrillic letter', 'manifests/a.yaml', 'm\u0430nifests/b.yaml'],
  ];

  it.each(cases)('a name with %s beside the one it looks like is refused', async (_what, path, twin) => {
    const error = await failureOf(inspect(rawTar({ name: path, data: X }, { name: twin, data: X })));
    expect([error.code, error.message]).toEqual(['archive_invalid', expect.stringContaining('look alike, and are two names')]);
    await expect(async () => packFiles([path, twin].map((each) => ({ path: each, data: X })))).toFailWith('archive_invalid');
  });

  it('names of any script are let in where nothing looks like them', async () => {
    const names = ['каталог/файл.yaml', 'λ.yaml', '日本/メモ.md', 'grüße.md', 'naïve.md', 'naive.md', '👩‍🚀.md'];
    const { files } = await inspect(rawTar(...names.map((name) => ({ name: Buffer.from(name), data: X }))));
    expect(files).toHaveLength(names.length);
  });

  it('ASCII looks like itself only', () => {
    const all = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at));
    expect(all.map(looksLike)).toEqual(all);
  });
});
