import { describe, expect, it } from '@jest/globals';
import { orderOf } from '../../../src/domain/vulnerabilities/versions/index.ts';

/** Versions of each ecosystem, each one below the next; every pair of them is compared both ways. */
const RISING: Record<string, string[]> = {
  npm: [
    '0.0.1-0',
    '0.0.1',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.2.0',
    '1.10.0',
    '2.0.0',
  ],
  Go: [
    '0.0.0-20190101000000-abcdefabcdef',
    '0.0.0-20230101000000-abcdefabcdef',
    '1.0.0-rc.1',
    '1.0.0',
    '1.20.0',
    '1.21rc2',
    '1.21',
    'go1.21.1',
    '2.0.0+incompatible',
  ],
  'crates.io': ['0.1.0-alpha.1', '0.1.0', '0.1.9', '0.1.10', '1.0.0'],
  // The order of PEP 440's own summary of permitted suffixes.
  PyPI: [
    '1.dev0',
    '1.0.dev456',
    '1.0a1',
    '1.0a2.dev456',
    '1.0a12.dev456',
    '1.0a12',
    '1.0b1.dev456',
    '1.0b2',
    '1.0b2.post345.dev456',
    '1.0b2.post345',
    '1.0rc1.dev456',
    '1.0rc1',
    '1.0',
    '1.0+abc.5',
    '1.0+abc.7',
    '1.0+5',
    '1.0.post456.dev34',
    '1.0.post456',
    '1.0.15',
    '1.1.dev1',
    '1.2',
    '1.10',
    '1!0.1',
  ],
  Maven: [
    '1-alpha-1',
    '1-alpha2',
    '1-beta',
    '1-milestone-1',
    '1-rc1',
    '1-SNAPSHOT',
    '1',
    '1-sp',
    '1-foo',
    '1-1',
    '1.1',
    '1.2',
    '1.10',
    '2.0.0.Final',
  ],
  Debian: [
    '1.0~~',
    '1.0~~a',
    '1.0~',
    '1.0~rc1-1',
    '1.0',
    '1.0-1~bpo1',
    '1.0-1',
    '1.0-1+deb12u1',
    '1.0-2',
    '1.0a',
    '1.0+dfsg',
    '1.0.1',
    '1.9',
    '1.10',
    '1:0.1',
  ],
};
const EQUAL: Record<string, Array<[string, string]>> = {
  npm: [
    ['1.0.0', 'v1.0.0'],
    ['1.0.0+a', '1.0.0+b'],
  ],
  Go: [
    ['1.2.3', 'v1.2.3'],
    ['1.21', 'go1.21.0'],
  ],
  PyPI: [
    ['1.0', '1.0.0'],
    ['1.0ALPHA1', '1.0a1'],
    ['1.0-1', '1.0.post1'],
    ['v1.0.rc.1', '1.0c1'],
    ['1.0-r4', '1.0.post4'],
    ['1.0dev', '1.0.dev0'],
    ['1.0+ubuntu-1', '1.0+ubuntu.1'],
    ['0!1', '1'],
  ],
  Maven: [
    ['1', '1.0.0'],
    ['1.ga', '1'],
    ['1-FINAL', '1'],
    ['1-a1', '1-alpha-1'],
    ['1-cr2', '1-rc2'],
    ['1.0-foo', '1-foo'],
  ],
  Debian: [
    ['1.0', '0:1.0'],
    ['1.0-0', '1.0'],
    ['1.01', '1.1'],
    ['1.0-', '1.0'],
  ],
};

describe('the order of versions', () => {
  describe.each(Object.entries(RISING))('of %s', (ecosystem, versions) => {
    const compare = orderOf(ecosystem) ?? (() => undefined);
    it('is the one its specification gives', () => {
      for (const [i, a] of versions.entries())
        for (const [j, b] of versions.entries()) expect([a, b, compare(a, b)]).toEqual([a, b, Math.sign(i - j) + 0]);
    });

    it('takes different spellings of one version for the same', () => {
      for (const [a, b] of EQUAL[ecosystem] ?? []) expect([a, b, compare(a, b), compare(b, a)]).toEqual([a, b, 0, 0]);
    });
  });

  it.each([
    ['npm', 'latest'],
    ['npm', '1.2'],
    ['Go', 'master'],
    ['PyPI', '1.0-final-really'],
    ['PyPI', `1.${'0.'.repeat(500)}1`],
    ['Debian', 'ümlaut'],
    ['Debian', ''],
    ['Maven', ''],
  ])('of %s says nothing about %j', (ecosystem, version) => {
    expect(orderOf(ecosystem)?.('1.0.0', version)).toBeUndefined();
  });

  it('is that of the distribution for each of its releases, and unknown for what is unknown', () => {
    expect(orderOf('Debian:12')?.('1.0~rc1', '1.0')).toBe(-1);
    expect(orderOf('Something Else')).toBeUndefined();
  });

  it('compares numbers of any length', () => {
    const long = '9'.repeat(40);
    expect(orderOf('Debian')?.(`1.${long}`, `1.${long}1`)).toBe(-1);
    expect(orderOf('PyPI')?.(`1.${long}`, `1.${long}1`)).toBe(-1);
    expect(orderOf('Maven')?.(`1.${long}`, `1.${long}1`)).toBe(-1);
  });

  it('is quick on texts made to be slow', () => {
    const begun = performance.now();
    const hostile = [
      `1${'a-'.repeat(120)}`,
      `${'1-'.repeat(120)}x`,
      `1${'.dev'.repeat(60)}`,
      `1+${'a.'.repeat(120)}`,
      '~'.repeat(250),
    ];
    for (const ecosystem of Object.keys(RISING)) for (const text of hostile) orderOf(ecosystem)?.(text, text);
    expect(performance.now() - begun).toBeLessThan(500);
  });
});
