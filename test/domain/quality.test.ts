import { describe, expect, it } from '@jest/globals';
import { complexityOf } from '../../src/domain/complexity.ts';
import { qualityScorer } from '../../src/domain/quality.ts';
import { stageVerdict } from '../../src/domain/validation.ts';
import { DEPLOYMENT, type Files, MANIFEST, subjectOf, WHOLE } from '../support/subject.ts';

const PARAMETER = 'size: { type: integer, default: 1, description: How many there are. }';
const parameter = (text: string) => MANIFEST.replace(PARAMETER, text);

async function lost(files: Files) {
  const { points, lost: all } = qualityScorer.score(await subjectOf({ ...WHOLE, ...files }), stageVerdict([]));
  return [points, ...all.map(({ check }) => check)];
}

describe('the points of quality', () => {
  it('are 100 for a template that has everything', async () => {
    expect(await lost({})).toEqual([100]);
  });

  it.each([
    ['a type', { 'template.yaml': parameter('size: { default: 1, description: How many. }') }, [80, 'parameters-typed']],
    ['a description', { 'template.yaml': parameter('size: { type: integer, default: 1 }') }, [80, 'parameters-typed']],
    [
      'a value to see',
      { 'template.yaml': parameter('size: { type: integer, description: How many. }') },
      [85, 'examples-validate'],
    ],
    [
      'an example that fits',
      { 'template.yaml': parameter('size: { type: integer, description: How many., examples: [1, many] }') },
      [85, 'examples-validate'],
    ],
    [
      'a default that fits',
      { 'template.yaml': parameter('size: { type: integer, description: How many., default: many }') },
      [90, 'sane-defaults'],
    ],
    [
      'a password of its own',
      { 'template.yaml': parameter('password: { type: string, description: Password., default: admin }') },
      [90, 'sane-defaults'],
    ],
    [
      'a secret without a default',
      { 'template.yaml': parameter('key: { type: string, description: Key., default: k1, x-chandlery: { secret: true } }') },
      [90, 'sane-defaults'],
    ],
    [
      'requests and limits',
      { 'manifests/web.yaml': DEPLOYMENT.replace(', limits: { memory: 32Mi }', '') },
      [85, 'requests-and-limits'],
    ],
    ['probes', { 'manifests/web.yaml': DEPLOYMENT.replace(/ {10}readiness.*\n/, '') }, [85, 'probes']],
    ['pinned images', { 'manifests/web.yaml': DEPLOYMENT.replace(/@sha256:a+/, ':1') }, [85, 'images-pinned']],
  ])('are fewer without %s', async (_what, files, expected) => {
    expect(await lost(files)).toEqual(expected);
  });

  it('are fewer without an upgrade path, which tests or hooks show', async () => {
    const { 'tests/upgrade.yaml': _tests, ...without } = WHOLE;
    const score = async (files: Files) => qualityScorer.score(await subjectOf(files), stageVerdict([])).points;
    expect(await score(without)).toBe(90);
    const hook = 'kind: Job\nmetadata:\n  name: migrate\n  annotations: { helm.sh/hook: pre-upgrade }\n';
    expect(await score({ ...without, 'manifests/hook.yaml': hook })).toBe(100);
  });

  it('are given for what does not apply: a ConfigMap has no probes', async () => {
    expect(await lost({ 'manifests/web.yaml': 'kind: ConfigMap\n' })).toEqual([100]);
  });

  it('attack: a pattern that never ends does not hold anybody', async () => {
    const evil = parameter(`size: { type: string, description: Evil., pattern: "^(a+)+$", default: "${'a'.repeat(40)}!" }`);
    const subject = await subjectOf({ ...WHOLE, 'template.yaml': evil });
    expect(() => qualityScorer.score(subject, stageVerdict([]))).toThrow(expect.objectContaining({ code: 'template_invalid' }));
  }, 30_000);
});

describe('complexity', () => {
  const objects = (count: number) => ({
    'manifests/all.yaml': Array.from({ length: count }, () => 'kind: ConfigMap\n').join('---\n'),
  });

  it.each([
    [4, 'simple'],
    [5, 'moderate'],
    [24, 'moderate'],
    [25, 'complex'],
  ])('of %i objects beside the Deployment is %s', async (count, complexity) => {
    expect(complexityOf(await subjectOf({ ...WHOLE, ...objects(count) })).complexity).toBe(complexity);
  });
});
