import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  compareVersions,
  exactVersion,
  fits,
  isPrerelease,
  isRange,
  isVersion,
  newest,
  selectVersions,
} from '../../src/domain/versions.ts';

describe('isVersion', () => {
  it.each(['1.2.3', '0.0.0', '1.0.0-rc.1', '1.0.0+build.7', '1.0.0-a.b+c.01'])('accepts %s', (text) =>
    expect(isVersion(text)).toBe(true),
  );
  it.each([
    '',
    '1',
    '1.2',
    'v1.2.3',
    '=1.2.3',
    ' 1.2.3',
    '1.2.3 ',
    '1.2.3.4',
    '01.2.3',
    '1.2.3-',
    '1.2.3foo',
    'latest',
    '1.2.3-01',
    `1.0.0-${'a'.repeat(300)}`,
  ])('refuses %j', (text) => expect(isVersion(text)).toBe(false));
});

describe('isRange', () => {
  it.each(['^7', '~1.2', '>=1 <2', '1.x', '*', '1.2.3', '=1.2.3', '1 - 2', '^1 || ^3', 'latest', '>=1.0.0-rc.1'])(
    'accepts %s',
    (text) => {
      expect(isRange(text)).toBe(true);
    },
  );
  it.each(['seven', '1.2.3.4', '^^1', '>=01.0.0', '1.2.3foo', '^1 ||| ^2 x', '1'.repeat(300)])('refuses %j', (text) =>
    expect(isRange(text)).toBe(false),
  );
});

describe('fits', () => {
  it.each([
    ['1.2.3', '^1.2.0', true],
    ['0.3.0', '^0.2.0', false],
    ['2.0.0', '>=1 <2', false],
    ['1.5.0', '1 - 2', true],
    ['2.9.9', '1 - 2', true],
    ['1.0.0+b1', '1.0.0', true],
    ['1.0.0+b1', '1.0.0+b2', false],
    ['1.0.0-rc.1', '*', false],
    ['2.0.0-rc.1', '>=1.0.0-rc.1', false],
    ['1.0.0-rc.2', '>=1.0.0-rc.1', true],
    ['1.0.0-rc.1', '1.0.0-rc.1', true],
    ['1.0.0-rc.1', '^1.0.0', false],
    ['2.0.0-alpha', '<2.0.0', false],
    ['1.0.0', 'no range', false],
    ['not a version', '*', false],
    ['1.0.0-rc.1', undefined, true],
  ])('%s in %j: %s', (version, range, expected) => expect(fits(version, range)).toBe(expected));
});

describe('newest', () => {
  const versions = ['1.0.0', '2.0.0-rc.1', '1.10.0', '1.9.0', 'v9.0.0', '0.9.0'];

  it('takes the newest release without a range', () => expect(newest(versions)).toBe('1.10.0'));
  it('takes the newest release for latest', () => expect(newest(versions, 'latest')).toBe('1.10.0'));
  it('takes a pre-release where there is no release', () => expect(newest(['1.0.0-rc.1', '1.0.0-rc.2'])).toBe('1.0.0-rc.2'));
  it('takes no pre-release for a range that names none', () => expect(newest(['1.0.0-rc.1'], '*')).toBeUndefined());
  it('takes the pre-release that is asked for', () => expect(newest(versions, '>=2.0.0-rc.0')).toBe('2.0.0-rc.1'));
  it('ignores what is not a version', () => expect(newest(['v9.0.0', 'latest'])).toBeUndefined());
  it('answers undefined where nothing fits', () => expect(newest(versions, '^3')).toBeUndefined());
});

describe('selectVersions', () => {
  it('means the very version where it exists', () => expect(selectVersions(['1.0.0+b1', '1.0.0'], '1.0.0')).toEqual(['1.0.0']));
  it('accepts another build where the plain version does not exist', () => {
    expect(selectVersions(['1.0.0+b1', '1.0.0+b2'], '1.0.0')).toEqual(['1.0.0+b2', '1.0.0+b1']);
  });
  it('is newest first', () => expect(selectVersions(['1.2.0', '1.10.0', '1.9.9'], '^1')).toEqual(['1.10.0', '1.9.9', '1.2.0']));
});

describe('exactVersion', () => {
  it.each([
    ['1.2.3', '1.2.3'],
    ['=1.2.3', '1.2.3'],
    ['= v1.2.3', '1.2.3'],
    ['1.2.3+b', '1.2.3+b'],
    ['^1.2.3', undefined],
    ['1.2', undefined],
    ['1.2.3 || 1.2.4', undefined],
    ['latest', undefined],
    [undefined, undefined],
  ])('of %j is %j', (range, expected) => expect(exactVersion(range)).toBe(expected));
});

describe('compareVersions', () => {
  it('follows the specification, then build metadata', () => {
    const ordered = [
      'x',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-beta',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.0+a',
      '1.0.0+b',
      '1.0.1',
      '1.2.0',
      '1.10.0',
    ];
    expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered);
  });

  it('is a total order on any text', () => {
    const part = fc.integer({ min: 0, max: 2 });
    const tag = fc.constantFrom('', '-rc.1', '-rc.01', '-a', '+1', '+01', '+b', '-a+b');
    const version = fc.tuple(part, part, part, tag).map(([major, minor, patch, suffix]) => `${major}.${minor}.${patch}${suffix}`);
    const text = fc.oneof(version, fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)));
        expect(compareVersions(a, b) === 0).toBe(a === b);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('isPrerelease', () => {
  it.each([
    ['1.0.0-rc.1', true],
    ['1.0.0', false],
    ['1.0.0+rc.1', false],
  ])('of %s is %s', (version, expected) => expect(isPrerelease(version)).toBe(expected));
});
