import { describe, expect, it } from '@jest/globals';
import { parseTemplate } from '../../src/domain/template-parse.ts';
import type { Finding, Severity, ValidationSubject } from '../../src/domain/validation.ts';
import { sortFindings, stageVerdict } from '../../src/domain/validation.ts';
import type { Score, Scorer } from '../../src/domain/validation-score.ts';
import { judge, SCORE_WEIGHTS, scoreOf } from '../../src/domain/validation-score.ts';
import { VALIDATION } from '../../src/domain/validation-set.ts';
import { MANIFEST, README } from '../support/subject.ts';

const FULL = `${MANIFEST}  outputs:
    - { name: host, from: service, description: Where it answers. }
`;

function subject(text: string, readme: string | undefined = README, more: Partial<ValidationSubject> = {}): ValidationSubject {
  return {
    manifest: parseTemplate(text),
    manifestText: text,
    paths: ['template.yaml'],
    files: [{ path: 'template.yaml', size: text.length, text }],
    ...(readme !== undefined && { readme: { path: 'README.md', text: readme } }),
    contentHash: 'e'.repeat(64),
    trust: { verified: true, note: 'verified' },
    ...more,
  };
}

const without = (...lines: string[]) =>
  FULL.split('\n')
    .filter((line) => !lines.some((word) => line.trim().startsWith(`${word}:`)))
    .join('\n');

const NOTHING = stageVerdict([]);

describe('the points of documentation and metadata', () => {
  const points = (of: ValidationSubject) => {
    const { parts } = scoreOf(of, VALIDATION.scorers, NOTHING);
    return [parts.documentation?.points, parts.metadata?.points];
  };

  it('are 100 each for a template that has everything', () => {
    expect(points(subject(FULL))).toEqual([100, 100]);
  });

  it.each([
    ['a readme', subject(FULL, ''), [35, 100]],
    ['a usage example', subject(FULL, '# Full\n\n## Upgrading\n'), [80, 100]],
    ['a licence that SPDX knows', subject(FULL.replace('Apache-2.0', 'Apache-9.9')), [100, 85]],
    ['upgrade notes', subject(FULL, '```\nx\n```'), [85, 100]],
    ['described parameters', subject(FULL.replace(', description: How many there are.', '')), [80, 100]],
    ['described outputs', subject(FULL.replace(', description: Where it answers.', '')), [85, 100]],
    ['a licence', subject(without('license')), [100, 85]],
    ['a category', subject(without('category')), [100, 90]],
    ['two tags', subject(FULL.replace('[one, two]', '[one]')), [100, 90]],
    ['an icon', subject(without('icon')), [100, 95]],
    ['a homepage', subject(without('homepage')), [100, 95]],
    ['a maintainer who can be reached', subject(FULL.replace(', email: ann@example.com', '')), [100, 85]],
    ['a description that says something', subject(FULL.replace(/description: A .*/, 'description: short')), [100, 85]],
    ['modesty', subject(`${FULL}marketplace: { verified: true }\n`), [100, 95]],
  ])('are fewer without %s', (_what, of, expected) => {
    expect(points(of)).toEqual(expected);
  });

  it('count a CHANGELOG.md as upgrade notes, and what does not apply as there', () => {
    expect(points(subject(FULL, '```\nx\n```', { paths: ['CHANGELOG.md', 'template.yaml'] }))).toEqual([100, 100]);
    const bare = FULL.replace(/ {2}parameters:[\s\S]*/, '');
    expect(points(subject(bare))).toEqual([100, 100]);
  });

  it('take an indented block for a usage example', () => {
    expect(points(subject(FULL, '# Full\n\n    use it\n\n## Upgrading\n'))).toEqual([100, 100]);
  });

  it('come with the reason of every one that is lost', () => {
    const { parts } = scoreOf(subject(without('license', 'icon')), VALIDATION.scorers, NOTHING);
    expect(parts.metadata?.lost).toEqual([
      { check: 'license', points: 15, why: 'no licence is named that SPDX knows' },
      { check: 'icon', points: 5, why: 'it has no icon' },
    ]);
  });
});

describe('a score', () => {
  it('has no total as long as a part is not measured, and weighs what is', () => {
    const some = VALIDATION.scorers.filter(({ part }) => part === 'documentation' || part === 'metadata');
    const score = scoreOf(subject(without('license')), some, NOTHING);
    expect(score).toMatchObject({ measured: 95 });
    expect(score).not.toHaveProperty('total');
  });

  it('is the weighted sum of all four', () => {
    const fixed = (part: Scorer['part'], points: number): Scorer => ({ part, score: () => ({ points, lost: [] }) });
    const all = [fixed('security', 90), fixed('quality', 80), fixed('documentation', 70), fixed('metadata', 60)];
    expect(scoreOf(subject(FULL), all, NOTHING).total).toBe(80);
    expect(Object.values(SCORE_WEIGHTS).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1);
  });
});

describe('a status', () => {
  const score = (measured: number): Score => ({ parts: {}, measured });
  const finding = (severity: Severity): Finding => ({
    ...{ id: 'x/y', severity, file: 'template.yaml', line: 3 },
    ...{ explanation: 'it is so', recommendation: 'change it' },
  });

  it.each([
    ['approved', [], 70, 'approved'],
    ['approved in spite of lesser findings', [finding('medium'), finding('info')], 100, 'approved'],
    ['to be reviewed for a high finding', [finding('high')], 100, 'needs-review'],
    ['to be reviewed for few points', [], 69.9, 'needs-review'],
    ['rejected for a critical finding', [finding('low'), finding('critical')], 100, 'rejected'],
    ['rejected for next to no points', [], 19.9, 'rejected'],
  ])('is %s', (_what, findings, measured, status) => {
    const judged = judge(findings, score(measured));
    expect(judged.status).toBe(status);
    expect(judged.reasons).toHaveLength(status === 'approved' ? 0 : 1);
  });

  it('says where and why', () => {
    expect(judge([finding('critical')], score(100)).reasons).toEqual(['critical: template.yaml:3: it is so']);
  });

  it('lists the worst findings first', () => {
    const sorted = sortFindings([finding('info'), finding('critical'), finding('high')]);
    expect(sorted.map(({ severity }) => severity)).toEqual(['critical', 'high', 'info']);
  });
});

describe('the findings', () => {
  it('of completeness have the line they speak of', async () => {
    const [completeness] = VALIDATION.validators.filter(({ id }) => id === 'completeness');
    const findings = await completeness?.validate(subject(without('license').replace(/description: A .*/, 'description: short')));
    expect(findings?.map(({ id, line, severity }) => [id, line, severity])).toEqual([
      ['completeness/license', 4, 'low'],
      ['completeness/description-length', 6, 'low'],
    ]);
  });

  it('of the seal tell that there is none', async () => {
    const [seal] = VALIDATION.validators.filter(({ id }) => id === 'seal');
    expect(await seal?.validate(subject(FULL))).toEqual([]);
    const unsealed = await seal?.validate(subject(FULL, README, { trust: { verified: false, note: 'unsigned' } }));
    expect(unsealed).toMatchObject([{ severity: 'info', explanation: 'unsigned' }]);
  });
});
