import { describe, expect, it } from '@jest/globals';
import { currentRuleset, judgeStage, judgeSubject } from '../../src/domain/judgement.ts';
import { rulesetOf } from '../../src/domain/ruleset.ts';
import { securityScorer } from '../../src/domain/security-score.ts';
import type { Finding, Severity, Validator } from '../../src/domain/validation.ts';
import { stageVerdict } from '../../src/domain/validation.ts';
import { runValidators } from '../../src/domain/validation-run.ts';
import { createValidationSet, VALIDATION } from '../../src/domain/validation-set.ts';
import { subjectOf, WHOLE } from '../support/subject.ts';

const finding = (severity: Severity, line = 1): Finding => ({
  ...{ id: 'x/y', severity, file: 'a.yaml', line },
  ...{ explanation: 'it is so', recommendation: 'change it' },
});
const validator = (id: string, validate: Validator['validate'], version = '1'): Validator => ({
  ...{ id, version, stage: 'security', covers: id, validate },
});

describe('the points of security', () => {
  it.each([
    [[], 100],
    [['critical'], 75],
    [['high'], 90],
    [['medium'], 97],
    [['low'], 99],
    [['info'], 99.9],
    [['critical', 'high', 'medium', 'low', 'info'], 60.9],
    [['info', 'info', 'info'], 99.7],
    [['critical', 'critical', 'critical', 'critical', 'critical'], 0],
  ] as Array<[Severity[], number]>)('for %j are %d', async (severities, points) => {
    const verdict = stageVerdict(severities.map((severity) => finding(severity)));
    expect(securityScorer.score(await subjectOf(WHOLE), verdict)).toMatchObject({ points, lost: { length: severities.length } });
  });

  it('count also what no report lists, and say so', async () => {
    const verdict = stageVerdict(Array.from({ length: 60 }, (_, line) => finding('info', line)));
    const { points, lost } = securityScorer.score(await subjectOf(WHOLE), verdict);
    expect([points, lost.length, lost.at(-1)]).toEqual([
      94,
      51,
      { check: 'more/info', points: 1, why: '10 more of severity info' },
    ]);
  });
});

describe('validators', () => {
  it('run side by side', async () => {
    const subject = await subjectOf(WHOLE);
    let waiting = 0;
    let most = 0;
    const slow = async () => {
      waiting += 1;
      most = Math.max(most, waiting);
      await new Promise((resolve) => setTimeout(resolve, 5));
      waiting -= 1;
      return [finding('low')];
    };
    const found = await runValidators([validator('a', slow), validator('b', slow), validator('c', slow)], subject);
    expect([found.length, most]).toEqual([3, 3]);
  });

  describe('attack: one that does not work', () => {
    const never = () => new Promise<Finding[]>(() => undefined);

    it.each([
      ['throws', async () => Promise.reject(new Error('the secret is hunter2')), 'the check broken could not be made'],
      [
        'throws before it begins',
        () => {
          throw new Error('no');
        },
        'the check broken could not be made',
      ],
      ['hangs', never, 'the check broken could not be made: it did not end within 20 ms'],
      [
        'answers nonsense',
        async () => 'clean' as never,
        'the check broken could not be made: it answered something that is not a list of findings',
      ],
    ])('fails the stage, by its name, when it %s', async (_how, validate, message) => {
      const run = runValidators([validator('good', async () => []), validator('broken', validate)], await subjectOf(WHOLE), {
        timeoutMs: 20,
      });
      await expect(run).rejects.toMatchObject({ code: 'scan_blocked', message, details: { validator: 'broken' } });
    });

    it('keeps the worst findings of one that drowns them', async () => {
      const many = [...Array.from({ length: 5_000 }, () => finding('info')), finding('critical')];
      const found = await runValidators([validator('loud', async () => many)], await subjectOf(WHOLE));
      expect([found.length, found[0]?.severity]).toEqual([1_000, 'critical']);
    });
  });

  it('end when the caller gives up', async () => {
    const stopping = new AbortController();
    const run = runValidators([validator('slow', () => new Promise(() => undefined))], await subjectOf(WHOLE), {
      signal: stopping.signal,
    });
    stopping.abort(new Error('cancelled'));
    await expect(run).rejects.toThrow('cancelled');
  });
});

describe('a judgement', () => {
  it('of a whole template has a total of 100', async () => {
    const sealed = { ...(await subjectOf(WHOLE)), trust: { verified: true, note: '' } };
    const { score, complexity, security, quality, ruleset } = await judgeSubject(VALIDATION, sealed);
    expect([score.total, complexity, security.findings, quality.findings]).toEqual([100, 'simple', [], []]);
    expect(ruleset).toBe(VALIDATION.ruleset);
  });

  it('tells of a secret that was only seen while the archive was read', async () => {
    const key = ['AKIA', 'J5Q7W6ZLPUW3X2QA'].join('');
    const subject = await subjectOf({ ...WHOLE, 'logo.png': `\0\0 ${key} \0` });
    const { findings } = await judgeStage(VALIDATION, 'security', subject);
    expect(findings[0]).toMatchObject({ id: 'secrets/awsKey', file: 'logo.png', severity: 'critical' });
  });
});

describe('the ruleset', () => {
  it('is of all who look and of their versions, in any order', () => {
    const [one, two] = [{ id: 'a', version: '1' }, { id: 'b' }];
    expect(rulesetOf([one, two])).toBe(rulesetOf([two, one]));
    expect(rulesetOf([one])).not.toBe(rulesetOf([one, two]));
    expect(rulesetOf([{ ...one, version: '2' }])).not.toBe(rulesetOf([one]));
  });

  it('is another one with another licence policy, validator or state of data', async () => {
    const more = (version: string) => createValidationSet({ validators: [validator('more', async () => [], version)] });
    const data = (version: string) =>
      createValidationSet({ validators: [{ ...validator('db', async () => []), data: async () => ({ version, words: '' }) }] });
    const all = [VALIDATION, createValidationSet({ licences: { deny: ['MIT'] } }), more('1'), more('2'), data('1'), data('2')];
    expect(new Set(await Promise.all(all.map((set) => currentRuleset(set)))).size).toBe(all.length);
  });
});
