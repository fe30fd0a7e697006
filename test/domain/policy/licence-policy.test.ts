import { describe, expect, it } from '@jest/globals';
import { bookOf, EMPTY_BOOK } from '../../../src/domain/policy/book.ts';
import { parsePolicyFile } from '../../../src/domain/policy/policy-file.ts';
import { createValidationSet } from '../../../src/domain/validation-set.ts';
import { subjectOf, WHOLE } from '../../support/subject.ts';

const policy = (spec: string, name = 'house') =>
  `apiVersion: chandlery.dev/v1\nkind: LicencePolicy\nmetadata: { name: ${name} }\nspec:\n  ${spec}\n`;
const parse = (text: string) => parsePolicyFile(text, 'licences.yaml', { check: () => undefined });
const book = (spec: string) => bookOf([parse(policy(spec))]);

describe('a LicencePolicy', () => {
  it("is the operator's list, and part of the digest that decisions name", () => {
    const { licences, digest } = book('allow: [MIT, GPL-2.0-or-later, LicenseRef-House]');
    expect(licences).toEqual({ allow: ['MIT', 'GPL-2.0-or-later', 'LicenseRef-House'] });
    expect(new Set([digest, EMPTY_BOOK.digest, book('deny: [AGPL-3.0-only]').digest]).size).toBe(3);
    expect(EMPTY_BOOK.licences).toBeUndefined();
  });

  it.each([
    ['allow: [MIT', 'licences.yaml:'],
    ['allow: [MIT, "Apache 2"]', 'licences.yaml:5:16: spec.allow.1: must be one licence that SPDX knows'],
    ['allow: ["MIT OR ISC"]', 'must be one licence'],
    ['allow: []', 'names no licence'],
    ['forbid: [MIT]', 'spec.forbid: is not known here'],
    ['{}', 'must name licences to allow or to deny'],
    ['{ allow: [MIT, ISC], deny: [ISC] }', 'allows a licence that it denies'],
  ])('is refused with its place as %j', (spec, said) => {
    expect(() => parse(policy(spec))).toFailWith('config_invalid');
    expect(() => parse(policy(spec))).toThrow(said);
  });

  it('is refused when there is a second one: nobody would see which of them counts', () => {
    const files = [parse(policy('allow: [MIT]')), parse(policy('deny: [MIT]', 'other'))];
    expect(() => bookOf(files)).toThrow('there are two LicencePolicies: join them');
  });

  it('decides which licences are found fault with, and by which ruleset', async () => {
    const { licences } = book('deny: [Apache-2.0]');
    const set = createValidationSet(licences ? { licences } : {});
    const found = await set.validators.find(({ id }) => id === 'licences')?.validate(await subjectOf(WHOLE));
    expect(found).toMatchObject([{ id: 'licences/denied', severity: 'critical', file: 'template.yaml', line: 7 }]);
    expect(set.ruleset).not.toBe(createValidationSet().ruleset);
  });
});
