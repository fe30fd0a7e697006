import { describe, expect, it } from '@jest/globals';
import { baseScoreV3, severityOfScore, severityOfVector } from '../../../src/domain/vulnerabilities/cvss.ts';
import { readOsv } from '../../../src/domain/vulnerabilities/osv.ts';

const RECORD = {
  schema_version: '1.6.0',
  id: 'GHSA-aaaa-bbbb-cccc',
  modified: '2026-10-01T10:00:00Z',
  aliases: ['CVE-2026-1'],
  summary: 'It can be\nmade to stop',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' }],
  affected: [
    {
      package: { ecosystem: 'npm', name: 'a', purl: 'pkg:npm/a' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0', fixed: '1.0.0' }] }],
      versions: ['0.1.0', '0.1.0'],
      database_specific: { source: 'somewhere' },
    },
    { package: { ecosystem: 'PyPI', name: 'b' }, versions: ['1'] },
    { ranges: [{ type: 'GIT', repo: 'https://example.com/a.git', events: [{ introduced: '0' }] }] },
  ],
  database_specific: { severity: 'LOW' },
};

const severity = (more: object) => {
  const read = readOsv({ ...RECORD, ...more });
  return typeof read === 'string' ? read : read.advisories[0]?.severity;
};

describe('a record of OSV', () => {
  it('gives an advisory for each package that it speaks of', () => {
    expect(readOsv(RECORD)).toEqual({
      id: RECORD.id,
      advisories: [
        {
          ...{ id: RECORD.id, modified: RECORD.modified, aliases: ['CVE-2026-1'], summary: 'It can be made to stop' },
          ...{ severity: 'high', rated: RECORD.severity[0]?.score, ecosystem: 'npm', name: 'a', versions: ['0.1.0'] },
          ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.0' }] }],
        },
        expect.objectContaining({ ecosystem: 'PyPI', name: 'b', versions: ['1'], ranges: [] }),
      ],
    });
  });

  it('that was withdrawn says nothing any more', () => {
    expect(readOsv({ ...RECORD, withdrawn: '2026-10-02T00:00:00Z' })).toEqual({ id: RECORD.id, advisories: [] });
  });

  it('is rated by its vector, else by the word of its data base, else as medium', () => {
    expect(severity({})).toBe('high');
    expect(severity({ severity: [] })).toBe('low');
    expect(severity({ severity: undefined, database_specific: { severity: 'MODERATE' } })).toBe('medium');
    expect(severity({ severity: [{ type: 'X', score: 'nonsense' }], database_specific: undefined })).toBe('medium');
    expect(severity({ severity: [{ type: 'Ubuntu', score: 'negligible' }] })).toBe('info');
    expect(
      severity({
        affected: [
          { ...RECORD.affected[0], severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }] },
        ],
      }),
    ).toBe('critical');
  });

  it('of a malicious package is critical', () => {
    expect(severity({ id: 'MAL-2026-1', severity: undefined, database_specific: undefined })).toBe('critical');
  });

  it.each([
    ['no object', 7],
    ['no id', { ...RECORD, id: undefined }],
    ['no time', { ...RECORD, modified: 'yesterday' }],
    ['a name with control characters', { ...RECORD, affected: [{ package: { ecosystem: 'npm', name: 'a\0' } }] }],
    ['a name that is endless', { ...RECORD, affected: [{ package: { ecosystem: 'npm', name: 'a'.repeat(10_000) } }] }],
  ])('with %s is refused', (_what, record) => {
    expect(typeof readOsv(record)).toBe('string');
  });
});

describe('a vector of CVSS', () => {
  // Scores of the examples in the CVSS 3.1 documents.
  it.each([
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 6.1],
    ['CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', 6.4],
    ['CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N', 3.1],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N', 7.5],
    ['CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H', 7.8],
    ['CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
    ['CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:C/C:H/I:H/A:H', 9.1],
  ])('%s scores %d', (vector, score) => {
    expect(baseScoreV3(vector)).toBe(score);
  });

  it.each(['CVSS:2.0/AV:N', 'CVSS:3.1/AV:N/AC:L', 'CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', '', 'CVSS:4.0/AV:N'])(
    '%j is none',
    (vector) => {
      expect(severityOfVector(vector)).toBeUndefined();
    },
  );

  it('of version 4 is estimated, never too mild', () => {
    const v4 = (own: string, others: string, from = 'AV:N/AC:L/AT:N/PR:N/UI:N') =>
      severityOfVector(`CVSS:4.0/${from}/VC:${own}/VI:${own}/VA:${own}/SC:${others}/SI:${others}/SA:${others}`);
    expect(v4('H', 'N')).toBe('critical');
    expect(v4('H', 'N', 'AV:L/AC:L/AT:N/PR:L/UI:N')).toBe('high');
    expect(v4('H', 'H', 'AV:L/AC:L/AT:N/PR:L/UI:N')).toBe('critical');
    expect(v4('L', 'N')).toBe('high');
    expect(v4('L', 'N', 'AV:P/AC:L/AT:N/PR:N/UI:N')).toBe('medium');
    expect(v4('N', 'N')).toBe('info');
  });

  it('is rated by the bounds of the specification', () => {
    expect([0, 0.1, 3.9, 4, 6.9, 7, 8.9, 9, 10].map(severityOfScore)).toEqual([
      'info',
      'low',
      'low',
      'medium',
      'medium',
      'high',
      'high',
      'critical',
      'critical',
    ]);
  });
});
