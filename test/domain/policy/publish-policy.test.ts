import { describe, expect, it } from '@jest/globals';
import { bookOf, EMPTY_BOOK } from '../../../src/domain/policy/book.ts';
import { parsePolicyFile } from '../../../src/domain/policy/policy-file.ts';
import type { Finding } from '../../../src/domain/validation.ts';
import { reportOf } from '../../../src/domain/validation-report.ts';

const policy = (spec: string, name = 'house') =>
  `apiVersion: chandlery.dev/v1\nkind: PublishPolicy\nmetadata: { name: ${name} }\nspec:\n  ${spec}\n`;
const parse = (text: string) => parsePolicyFile(text, 'publish.yaml', { check: () => undefined });
const book = (spec: string) => bookOf([parse(policy(spec))]);

const high: Finding = {
  ...{ id: 'content/host-path', severity: 'high', file: 'a.yaml', explanation: 'mounts /', recommendation: 'do not' },
} as const;
const report = (spec: string, { measured = 90, findings = [high] } = {}) =>
  reportOf([{ findings, more: 0 }], { score: { parts: {}, measured } }, book(spec).publish);

describe('a PublishPolicy', () => {
  it('draws the lines of publishing, and what it leaves out stays where it was', () => {
    expect(book('rejectSeverity: high').publish).toEqual({
      rejectSeverity: 'high',
      reviewSeverity: 'high',
      rejectBelow: 20,
      reviewBelow: 70,
    });
    expect(EMPTY_BOOK.publish).toBeUndefined();
    expect(book('reviewBelow: 80').digest).not.toBe(EMPTY_BOOK.digest);
  });

  it('rejects a finding that is only to be reviewed without it', () => {
    expect(report('reviewBelow: 70').status).toBe('needs-review');
    expect(report('rejectSeverity: high')).toMatchObject({ status: 'rejected', reasons: ['high: a.yaml: mounts /'] });
  });

  it('rejects, and sends to review, by other points', () => {
    const measured = 45;
    expect(report('{ rejectBelow: 50, reviewBelow: 80 }', { measured, findings: [] })).toMatchObject({
      status: 'rejected',
      reasons: ['45 of 100 measured points, 50 are wanted'],
    });
    expect(report('reviewBelow: 40', { measured, findings: [] }).status).toBe('approved');
  });

  it.each([
    ['{}', 'must name at least one threshold'],
    ['rejectBelow: 101', 'publish.yaml:5:16: spec.rejectBelow: '],
    ['rejectSeverity: awful', 'spec.rejectSeverity'],
    ['rejectBelow: 71', 'rejectBelow must not be above reviewBelow'],
    ['{ rejectSeverity: low, reviewSeverity: high }', 'reviewSeverity must not be worse than rejectSeverity'],
    ['rejectUnder: 3', 'spec.rejectUnder: is not known here'],
  ])('is refused with its place as %j', (spec, said) => {
    expect(() => parse(policy(spec))).toFailWith('config_invalid');
    expect(() => parse(policy(spec))).toThrow(said);
  });

  it('is refused when there is a second one', () => {
    expect(() => bookOf([parse(policy('rejectBelow: 30')), parse(policy('rejectBelow: 40', 'other'))])).toThrow(
      'there are two PublishPolicies: join them',
    );
  });
});
