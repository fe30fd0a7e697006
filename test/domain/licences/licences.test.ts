import { describe, expect, it } from '@jest/globals';
import { conflictOf, licenceNotes } from '../../../src/domain/licences/compatibility.ts';
import { canBeKept, parseLicence } from '../../../src/domain/licences/expression.ts';
import { createLicences, type LicencePolicy } from '../../../src/domain/licences/validator.ts';
import { MANIFEST, subjectOf, WHOLE } from '../../support/subject.ts';

async function judged(licence: string, policy?: LicencePolicy) {
  const manifest = MANIFEST.replace('license: Apache-2.0', `license: ${JSON.stringify(licence)}`);
  const subject = await subjectOf({ ...WHOLE, 'template.yaml': manifest });
  return (await createLicences(policy).validate(subject)).map(({ id, severity, line }) => [id, severity, line]);
}

describe('the licence of a template', () => {
  it.each([
    'Apache-2.0',
    '(MIT OR GPL-3.0-only) AND BSD-3-Clause',
    'GPL-2.0-only WITH Classpath-exception-2.0',
    'LicenseRef-House',
  ])('is fine as %s', async (licence) => {
    expect(await judged(licence)).toEqual([]);
  });

  it('is a finding where SPDX does not know it', async () => {
    expect(await judged('Apache-9.9')).toEqual([['licences/unknown', 'low', 7]]);
    expect(await judged('Apache-9.9', { allow: ['MIT'] })).toEqual([['licences/unknown', 'high', 7]]);
  });

  it.each([
    ['MIT', { allow: ['MIT'] }, []],
    ['GPL-3.0-only', { allow: ['MIT'] }, [['licences/not-allowed', 'critical', 7]]],
    ['MIT OR GPL-3.0-only', { allow: ['MIT'] }, []],
    ['MIT AND GPL-3.0-only', { allow: ['MIT'] }, [['licences/not-allowed', 'critical', 7]]],
    ['GPL-3.0-only', { allow: ['GPL-2.0-or-later'] }, []],
    ['AGPL-3.0-only', { deny: ['AGPL-3.0-only'] }, [['licences/denied', 'critical', 7]]],
    ['AGPL-3.0-only OR MIT', { deny: ['AGPL-3.0-only'] }, []],
    ['MIT OR AGPL-3.0-only', { allow: ['AGPL-3.0-only'], deny: ['AGPL-3.0-only'] }, [['licences/not-allowed', 'critical', 7]]],
    ['LicenseRef-House', { allow: ['LicenseRef-House'] }, []],
  ] as const)('%s by the lists %j', async (licence, policy, expected) => {
    expect(await judged(licence, policy)).toEqual(expected);
  });

  it('attack: an expression with a million choices costs no more than it is long', () => {
    const expression = parseLicence(Array.from({ length: 22 }, () => '(MIT OR ISC)').join(' AND '));
    const started = Date.now();
    expect(expression && canBeKept(expression, (licence) => licence === 'MIT')).toBe(true);
    expect(Date.now() - started).toBeLessThan(100);
  });

  it('attack: an expression that is nested without end is none', () => {
    expect(parseLicence(`${'('.repeat(100_000)}MIT`)).toBeUndefined();
  });
});

describe('licences over a tree', () => {
  it.each([
    ['GPL-2.0-only', 'Apache-2.0', true],
    ['GPL-3.0-or-later', 'Apache-2.0', false],
    ['GPL-3.0-only', 'LicenseRef-House', true],
    ['GPL-3.0-only', 'CDDL-1.0', true],
    ['MIT', 'LicenseRef-House', false],
    ['Apache-2.0', 'BSD-3-Clause', false],
  ])('%s and %s in one work: conflict %j', (one, other, conflict) => {
    expect(conflictOf(one, other) !== undefined).toBe(conflict);
    expect(conflictOf(other, one) !== undefined).toBe(conflict);
  });

  it('are a conflict only where one is merged into the other', () => {
    const [parent, child] = [
      { name: 'base', licence: 'GPL-2.0-only' },
      { name: 'web', licence: 'Apache-2.0' },
    ];
    expect(licenceNotes([child, parent])).toEqual([]);
    expect(licenceNotes([{ ...child, holds: ['base'] }, parent])).toEqual([
      'web holds base, and their licences do not go together: GPL-2.0-only and Apache-2.0 each ask for what the other forbids',
    ]);
    expect(licenceNotes([{ ...child, licence: 'Apache-2.0 OR MIT', holds: ['base'] }, parent])).toEqual([]);
  });

  it('tell of what the network carries', () => {
    const tree = [
      { name: 'web', licence: 'MIT' },
      { name: 'graphs', licence: 'AGPL-3.0-only' },
    ];
    expect(licenceNotes(tree)).toEqual([expect.stringContaining('graphs is under AGPL-3.0-only')]);
  });
});
