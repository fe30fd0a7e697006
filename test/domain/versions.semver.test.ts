/**
 * What node-semver's own documentation says that each range means, against what we make of it. The page is read from the installed
 * package, so that a new version of it brings its own; what a plain set of comparators accepts is worked out here a second time.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { compareVersions, fits, isRange } from '../../src/domain/versions.ts';

const PAGE = readFileSync(join(dirname(createRequire(import.meta.url).resolve('semver')), 'README.md'), 'utf8');
/** `* \`RANGE\` := \`...\` := \`COMPARATORS\``: the last is the plainest. */
const DESUGARED = /^\* `([^`]*)`(?: \(empty string\))?((?: := `[^`]+`)+)/gm;

const documented = [...PAGE.matchAll(DESUGARED)].map(([, range = '', chain = '']): [string, string] => [
  range === '""' ? '' : range,
  chain.split(' := ').at(-1)?.replaceAll('`', '') ?? '',
]);

const upTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, index) => index);
const TAGS = ['', '-0', '-alpha', '-beta', '-beta.1', '-beta.2', '-beta.4', '-beta.10', '-pr.2', '-rc.1'];
/** Every number that the documented ranges name, and the ones beside it. */
const GRID = upTo(3).flatMap((major) =>
  upTo(4).flatMap((minor) => upTo(5).flatMap((patch) => TAGS.map((tag) => `${major}.${minor}.${patch}${tag}`))),
);

interface Parts {
  numbers: readonly number[];
  tags: readonly string[];
}

function partsOf(version: string): Parts {
  const [, core = '', tag = ''] = /^([\d.]+)(?:-(.+))?$/.exec(version) ?? [];
  return { numbers: core.split('.').map(Number), tags: tag === '' ? [] : tag.split('.') };
}

/** Item 11 of the specification of semantic versions. */
function precedence(a: Parts, b: Parts): number {
  for (const [index, number] of a.numbers.entries()) if (number !== b.numbers[index]) return number - (b.numbers[index] ?? 0);
  if (a.tags.length === 0 || b.tags.length === 0) return b.tags.length - a.tags.length;
  for (const [index, tag] of a.tags.entries()) {
    const other = b.tags[index];
    if (other === undefined) return 1;
    if (tag === other) continue;
    const numeric = [/^\d+$/.test(tag), /^\d+$/.test(other)];
    if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
    return numeric[0] ? Number(tag) - Number(other) : tag < other ? -1 : 1;
  }
  return a.tags.length - b.tags.length;
}

/** A set of comparators, by the words of the page; a pre-release needs a comparator with one of the same numbers. */
function accepts(comparators: string, text: string): boolean {
  const version = partsOf(text);
  const all = comparators.split(' ').map((comparator) => {
    const [, operator = '', bound = ''] = /^([<>]=?|=?)(.+)$/.exec(comparator) ?? [];
    return { operator, bound: partsOf(bound) };
  });
  const named = all.some(({ bound }) => bound.tags.length > 0 && bound.numbers.join('.') === version.numbers.join('.'));
  if (version.tags.length > 0 && !named) return false;
  return all.every(({ operator, bound }) => {
    const order = precedence(version, bound);
    if (order === 0) return operator !== '<' && operator !== '>';
    return order < 0 ? operator.startsWith('<') : operator.startsWith('>');
  });
}

describe('the ranges of node-semver', () => {
  it('are all found on its page', () => expect(documented.length).toBeGreaterThanOrEqual(27));

  it.each(documented)('%j means %s', (range, comparators) => {
    expect(isRange(range)).toBe(true);
    expect(GRID.filter((version) => fits(version, range))).toEqual(GRID.filter((version) => accepts(comparators, version)));
  });

  it.each([
    ['>=1.2.7', ['1.2.7', '1.2.8', '2.5.3', '1.3.9'], ['1.2.6', '1.1.0']],
    ['>1', ['2.0.0', '3.1.0'], ['1.0.1', '1.1.0']],
    ['>=1.2.7 <1.3.0', ['1.2.7', '1.2.8', '1.2.99'], ['1.2.6', '1.3.0', '1.1.0']],
    ['1.2.7 || >=1.2.9 <2.0.0', ['1.2.7', '1.2.9', '1.4.6'], ['1.2.8', '2.0.0']],
    ['>1.2.3-alpha.3', ['1.2.3-alpha.7', '3.4.5'], ['3.4.5-alpha.9']],
    ['~1.2.3-beta.2', ['1.2.3-beta.4'], ['1.2.4-beta.2']],
    ['^1.2.3-beta.2', ['1.2.3-beta.4'], ['1.2.4-beta.2']],
    ['^0.0.3-beta', ['0.0.3-pr.2'], []],
  ])('%s would match %j and not %j', (range, matching, others) => {
    expect(matching.filter((version) => !fits(version, range))).toEqual([]);
    expect(others.filter((version) => fits(version, range))).toEqual([]);
  });

  it('order versions by the specification', () => {
    const ordered = [...GRID].sort((a, b) => precedence(partsOf(a), partsOf(b)));
    expect([...GRID].reverse().sort(compareVersions)).toEqual(ordered);
  });
});

describe('the ranges of node-semver, when pre-releases count', () => {
  it('take any version at all for *', () => {
    expect(GRID.filter((version) => !fits(version, '*', { prerelease: true }))).toEqual([]);
  });

  it('take the pre-releases of later versions, not those of the bound', () => {
    expect(fits('3.4.5-alpha.9', '>1.2.3-alpha.3', { prerelease: true })).toBe(true);
    expect(fits('1.9.0-rc.1', '^1.2.3', { prerelease: true })).toBe(true);
    expect(fits('2.0.0-rc.1', '^1.2.3', { prerelease: true })).toBe(false);
  });
});
