import { describe, expect, it } from '@jest/globals';
import type { Advisory, PackageRef } from '../../../src/domain/vulnerabilities/advisory.ts';
import { judgeVersion, vulnerabilitiesOf } from '../../../src/domain/vulnerabilities/match.ts';

function advisory(more: Partial<Advisory> = {}): Advisory {
  return {
    ...{ id: 'GHSA-1', modified: '2026-11-01T00:00:00Z', aliases: [], summary: 'it breaks', severity: 'high', rated: 'somebody' },
    ...{
      ecosystem: 'npm',
      name: 'left-pad',
      versions: [],
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.3.0' }] }],
    },
    ...more,
  };
}

const ref: PackageRef = { ecosystem: 'npm', name: 'left-pad', version: '1.2.0', file: 'package-lock.json', line: 7 };
type Events = Advisory['ranges'][number]['events'];

describe('a version', () => {
  const judged = (events: Events, version: string, more: Partial<Advisory> = {}) =>
    judgeVersion(advisory({ ranges: [{ type: 'SEMVER', events }], ...more }), version);
  const TWICE: Events = [{ introduced: '1.0.0' }, { fixed: '1.0.2' }, { introduced: '3.0.0' }, { fixed: '3.2.5' }];

  it.each([
    ['0.9.9', 'not-affected'],
    ['1.0.0', 'affected'],
    ['1.0.1', 'affected'],
    ['1.0.2', 'not-affected'],
    ['2.0.0', 'not-affected'],
    ['3.2.4', 'affected'],
    ['3.2.5-rc.1', 'affected'],
    ['3.2.5', 'not-affected'],
  ])('%s is %s where two ranges are named', (version, verdict) => {
    expect(judged(TWICE, version)).toBe(verdict);
    expect(judged(TWICE.toReversed(), version)).toBe(verdict);
  });

  it('that is the last one affected is affected, and none after it', () => {
    const events: Events = [{ introduced: '1.0.0' }, { last_affected: '1.5.0' }];
    expect(['1.0.0', '1.5.0', '1.5.1'].map((version) => judged(events, version))).toEqual([
      'affected',
      'affected',
      'not-affected',
    ]);
    const single: Events = [{ introduced: '1.0.0' }, { last_affected: '1.0.0' }];
    expect(['1.0.0', '1.0.1'].map((version) => judged(single, version))).toEqual(['affected', 'not-affected']);
  });

  it('is affected for ever where nothing fixed it', () => {
    expect(judged([{ introduced: '0' }], '99.0.0')).toBe('affected');
  });

  it('in which something was fixed and came again is affected', () => {
    expect(judged([{ introduced: '0' }, { fixed: '2.0.0' }, { introduced: '2.0.0' }], '2.0.0')).toBe('affected');
  });

  it('at a limit or behind it is not affected', () => {
    const events: Events = [{ introduced: '0' }, { limit: '2.0.0' }];
    expect(['1.9.9', '2.0.0'].map((version) => judged(events, version))).toEqual(['affected', 'not-affected']);
    expect(judged([{ introduced: '0' }, { limit: '*' }], '9.0.0')).toBe('affected');
  });

  it('that is listed is affected, whatever the ranges say and however it is written', () => {
    expect(judged([], '1.2.0', { versions: ['1.2.0'] })).toBe('affected');
    expect(judgeVersion({ ecosystem: 'PyPI', ranges: [], versions: ['1.0.0'] }, '1.0')).toBe('affected');
  });

  it('that cannot be compared is unclear, not clean', () => {
    expect(judged([{ introduced: '0' }, { fixed: '1.0.0' }], 'nightly')).toBe('unclear');
    expect(judged([{ introduced: 'whenever' }, { fixed: '1.0.0' }], '0.1.0')).toBe('unclear');
    expect(
      judgeVersion(advisory({ ecosystem: 'Elsewhere', ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] }), '1'),
    ).toBe('unclear');
  });

  it('of an ecosystem without a known order is judged by the list of versions where there is one', () => {
    const elsewhere = {
      ecosystem: 'Elsewhere',
      ranges: [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }] }],
      versions: ['1'],
    };
    expect(['1', '2'].map((version) => judgeVersion(elsewhere, version))).toEqual(['affected', 'not-affected']);
  });

  it('is not affected by ranges of commits, but for one that is named', () => {
    const ranges: Advisory['ranges'] = [{ type: 'GIT', events: [{ introduced: 'a'.repeat(40) }, { fixed: 'b'.repeat(40) }] }];
    expect(judgeVersion({ ecosystem: 'npm', ranges, versions: [] }, '1.0.0')).toBe('not-affected');
    expect(judgeVersion({ ecosystem: 'npm', ranges, versions: [] }, 'a'.repeat(40))).toBe('affected');
  });
});

describe('vulnerabilities of a package', () => {
  it('are told once, whatever they are called', () => {
    const found = vulnerabilitiesOf(ref, [
      advisory({ id: 'GHSA-1', aliases: ['CVE-1'], severity: 'medium' }),
      advisory({ id: 'OTHER-2', aliases: ['CVE-2'], severity: 'low' }),
      // Joins the two before it.
      advisory({ id: 'SNYK-3', aliases: ['CVE-1', 'CVE-2'], severity: 'critical' }),
      advisory({ id: 'GHSA-9' }),
    ]);
    expect(found.map(({ ids, severity, fixed }) => ({ ids, severity, fixed }))).toEqual([
      { ids: ['SNYK-3', 'GHSA-1', 'OTHER-2', 'CVE-1', 'CVE-2'], severity: 'critical', fixed: ['1.3.0'] },
      { ids: ['GHSA-9'], severity: 'high', fixed: ['1.3.0'] },
    ]);
  });

  it('are only those of its own name, ecosystem and release', () => {
    const debian = { ...ref, ecosystem: 'Debian:12', version: '1.0-1' };
    const about = (ecosystem: string, name = 'left-pad') =>
      advisory({
        ecosystem,
        name,
        id: `${ecosystem} ${name}`,
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2' }] }],
      });
    const all = [about('Debian:11'), about('Debian:12'), about('Debian'), about('npm'), about('Debian:12', 'right-pad')];
    expect(vulnerabilitiesOf(debian, all).map(({ ids }) => ids[0])).toEqual(['Debian:12 left-pad', 'Debian left-pad']);
    expect(vulnerabilitiesOf({ ...debian, ecosystem: 'Debian' }, all)).toHaveLength(3);
  });

  it('say when the version could not be compared', () => {
    expect(vulnerabilitiesOf({ ...ref, version: 'nightly' }, [advisory()])).toMatchObject([{ certain: false }]);
  });

  it('are found under any spelling of a name of PyPI', () => {
    const found = vulnerabilitiesOf({ ...ref, ecosystem: 'PyPI', name: 'Zope_.interface' }, [
      advisory({ ecosystem: 'PyPI', name: 'zope-interface', ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] }),
    ]);
    expect(found).toHaveLength(1);
  });
});
