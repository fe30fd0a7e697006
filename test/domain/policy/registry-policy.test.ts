import { describe, expect, it } from '@jest/globals';
import { bookOf, EMPTY_BOOK, policiesFor } from '../../../src/domain/policy/book.ts';
import { policyFor, registryPolicySchema } from '../../../src/domain/policy/registry-policy.ts';
import { matchesName } from '../../../src/domain/policy/selector.ts';
import { waiverSchema } from '../../../src/domain/policy/waivers.ts';

const entry = (spec: Record<string, unknown>) => registryPolicySchema.parse(spec);
const campus = { name: 'campus', type: 'institutional' } as const;

describe('policyFor', () => {
  it('takes the type for granted, and the registry over the type', () => {
    const entries = [
      entry({ registries: ['campus'], minimumScore: 50 }),
      entry({ types: ['institutional', 'private'], require: 'hash', minimumScore: 80, minimumReleaseAge: '7d' }),
    ];
    expect(policyFor(campus, entries)).toMatchObject({ require: 'hash', minimumScore: 50, minimumReleaseAgeMs: 604_800_000 });
    expect(policyFor({ name: 'web', type: 'community' }, entries)).toMatchObject({ require: 'none', minimumScore: 0 });
  });

  it('lets a registry off what is demanded of the images of its type', () => {
    const entries = [
      entry({ registries: ['campus'], images: 'any' }),
      entry({ types: ['institutional', 'private'], images: { keys: ['release'] } }),
    ];
    expect(policyFor(campus, entries).images).toBe('any');
    expect(policyFor({ name: 'attic', type: 'private' }, entries).images).toEqual({ identities: [], keys: ['release'] });
  });

  it('requires nothing and lets in everything short of critical where no file says more', () => {
    expect(policiesFor(EMPTY_BOOK, campus, 'shop').policy).toMatchObject({
      require: 'none',
      maximumSeverity: 'high',
      allow: true,
    });
  });
});

describe('a RegistryPolicy', () => {
  it.each([
    [{ require: 'hash' }, 'must name either types or registries'],
    [{ types: ['official'], registries: ['campus'] }, 'must name either types or registries'],
    [{ types: ['official'], minimumReleaseAge: 'a week' }, 'must be a time'],
    [
      { types: ['official'], identities: [{ identity: '*', issuer: 'https://token.example.org' }] },
      'would let in nearly everybody',
    ],
    [{ types: ['official'], identities: [{ identity: 'release@example.org' }] }, 'expected string'],
    [{ types: ['official'], require: 'both' }, 'Invalid option'],
    [{ types: ['official'], images: {} }, 'who must have signed them'],
    [{ types: ['official'], images: 'none' }, 'who must have signed them'],
    [{ types: ['official'], images: { keys: ['release'], tags: true } }, 'Unrecognized key'],
  ])('is refused as %j', (spec, why) => {
    const { error } = registryPolicySchema.safeParse(spec);
    expect(error?.issues.map(({ message }) => message).join()).toContain(why);
  });

  it('is refused when another one speaks of the same registry', () => {
    const file = {
      rules: [],
      waivers: [],
      licencePolicies: [],
      publishPolicies: [],
      registryPolicies: [entry({ registries: ['campus'] }), entry({ registries: ['campus'] })],
    };
    expect(() => bookOf([file])).toThrow('two RegistryPolicies speak of the registry campus');
  });
});

describe('a Waiver', () => {
  const whole = {
    rule: 'secrets/aws',
    template: 'shop',
    owner: 'ann@example.org',
    reason: 'looked at it on Monday',
    expires: '2026-12-01',
  };

  it.each(['owner', 'reason', 'expires', 'rule'])('is refused without %s', (name) => {
    const { [name as 'owner']: _left, ...rest } = whole;
    expect(waiverSchema.safeParse(rest).success).toBe(false);
  });

  it.each([
    [{ template: undefined }, 'must name a template or a registry'],
    [{ reason: 'ok' }, 'Too small'],
    [{ rule: 'signature-holds' }, 'cannot be waived'],
    [{ expires: 'next week' }, 'must be a day'],
    [{ expires: '2026-02-31' }, 'must be a day'],
    [{ from: '2026-12-02' }, 'expires before it begins'],
    [{ versions: 'about 2' }, 'is no range'],
  ])('is refused with %j', (change, why) => {
    const { error } = waiverSchema.safeParse({ ...whole, ...change });
    expect(error?.issues.map(({ message }) => message).join()).toContain(why);
  });
});

describe('matchesName', () => {
  it.each([
    ['lab-*', 'lab-shop', true],
    ['*-lab', 'shop-lab', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b', 'ab', true],
    ['aa*aa', 'aaa', false],
    ['lab', 'lab-shop', false],
    ['*', '', true],
  ])('%s and %s: %s', (pattern, name, matches) => {
    expect(matchesName(pattern, name)).toBe(matches);
  });

  it('takes no longer for a pattern of many stars', () => {
    expect(matchesName(`${'a*'.repeat(100)}b`, 'a'.repeat(5_000))).toBe(false);
  });
});
