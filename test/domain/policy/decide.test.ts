import { describe, expect, it } from '@jest/globals';
import { denial } from '../../../src/domain/policy/decide.ts';
import { MAX_DECISION_RULES } from '../../../src/domain/policy/decision.ts';
import type { PolicyRule, RuleOutcome } from '../../../src/domain/policy/engine.ts';
import type { SignatureVerdict } from '../../../src/domain/signature.ts';
import { DAY, decided, finding, lineOf, NOW, waiver } from './facts-support.ts';

const ISSUER = 'https://token.example.org';
const signedBy = (identity: string, matched = true): SignatureVerdict => ({
  state: matched ? 'verified' : 'unmatched',
  holding: [{ signer: { kind: 'keyless', identity, issuer: ISSUER }, origin: 'shop.sigstore.json', matched, logged: true }],
  refused: [],
});
const REFUSED: SignatureVerdict = { state: 'refused', holding: [], refused: [{ origin: 'a', reason: 'it is of other bytes' }] };
const sealed = { verified: true, note: 'sha256 verified' };
const identities = [{ identity: 'release@example.org', issuer: ISSUER }];

const rule = (severity: PolicyRule['severity']): PolicyRule => ({
  id: 'policy/rights/everything',
  severity,
  message: 'may do everything',
  recommendation: 'less',
  expression: 'false',
  variables: [],
  appliesTo: {},
});
const outcome = (verdict: RuleOutcome['verdict'], severity: PolicyRule['severity'] = 'high'): RuleOutcome => ({
  rule: rule(severity),
  verdict,
  message: 'may do everything',
});

describe('decide', () => {
  it('lets in what nobody asks anything of, and says of every rule what it saw', () => {
    const decision = decided({});
    expect(decision).toMatchObject({ allowed: true, template: 'shop@1.2.0', registry: 'campus', at: '2026-11-21T12:00:00.000Z' });
    expect(decision.rules.map(({ verdict }) => verdict)).not.toContain('denied');
    expect(lineOf(decision, 'maximum-severity')).toMatchObject({ verdict: 'passed', input: { findings: 0 } });
  });

  it('denies a registry that is not allowed', () => {
    expect(decided({}, { allow: false })).toMatchObject({ allowed: false, code: 'policy_denied' });
  });

  it('asks every rule, also after one has denied', () => {
    const decision = decided({ findings: [finding('secrets/aws', 'critical')] }, { allow: false, require: 'hash' });
    const denied = decision.rules.filter(({ verdict }) => verdict === 'denied').map((line) => line.rule);
    expect(denied).toEqual(['registry-allowed', 'require', 'secrets/aws']);
  });

  it('keeps what denied when there are more rules than a record holds', () => {
    const many = Array.from({ length: MAX_DECISION_RULES + 50 }, (_, at) => finding(`content/${at}`, 'low'));
    const decision = decided({ findings: [...many, finding('secrets/aws', 'critical')] });
    expect(decision.rules).toHaveLength(MAX_DECISION_RULES);
    expect(decision.rules[0]).toMatchObject({ rule: 'secrets/aws', verdict: 'denied' });
    expect(decision.more).toBeGreaterThan(50);
  });
});

describe('findings that are counted and not listed', () => {
  const unlisted = { critical: 2, high: 0, medium: 0, low: 7, info: 1 };

  it('deny where one of their severity is refused, and cannot be waived', () => {
    const waivers = [waiver({ rule: 'maximum-severity', registry: 'campus' }), waiver({ rule: 'content/a', registry: 'campus' })];
    const decision = decided(
      { findings: [finding('content/a', 'critical')], unlisted },
      { maximumSeverity: 'high' },
      { waivers },
    );
    expect(decision).toMatchObject({ allowed: false, code: 'scan_blocked' });
    expect(lineOf(decision, 'content/a')).toMatchObject({ verdict: 'waived' });
    expect(lineOf(decision, 'maximum-severity')).toMatchObject({
      verdict: 'denied',
      severity: 'critical',
      input: { findings: 2 },
    });
  });

  it('are counted where they are let in', () => {
    expect(decided({ unlisted: { ...unlisted, critical: 0 } }, { maximumSeverity: 'high' })).toMatchObject({
      allowed: true,
      more: 8,
    });
    expect(decided({ unlisted }, { maximumSeverity: 'critical' })).toMatchObject({ allowed: true, more: 10 });
    expect(decided({ unlisted }, { maximumSeverity: 'none' })).toMatchObject({ allowed: false, more: 0 });
  });
});

describe('what is required', () => {
  it('denies an unsealed template where a hash is required', () => {
    expect(decided({}, { require: 'hash' })).toMatchObject({ allowed: false, code: 'policy_denied' });
    expect(decided({ trust: sealed }, { require: 'hash' }).allowed).toBe(true);
  });

  it('takes no sealed hash for a signature', () => {
    expect(decided({ trust: sealed }, { require: 'signature', identities }).allowed).toBe(false);
    expect(decided({ signature: signedBy('release@example.org') }, { require: 'signature', identities }).allowed).toBe(true);
  });

  it('denies when a signature is required and the policy names nobody who may sign', () => {
    const decision = decided({ signature: signedBy('anybody@example.org', false) }, { require: 'signature' });
    expect(lineOf(decision, 'require')?.why).toContain('names nobody who may sign');
  });

  it('denies the right signature of the wrong identity', () => {
    const decision = decided({ signature: signedBy('mallory@example.org', false) }, { identities });
    expect(lineOf(decision, 'signer-identity')).toMatchObject({
      verdict: 'denied',
      input: { signer: `mallory@example.org (${ISSUER})` },
    });
  });

  it('denies a signature that does not hold although none is required', () => {
    expect(decided({ signature: REFUSED })).toMatchObject({ allowed: false, code: 'untrusted' });
  });

  it('denies a changed signer, and a version that is not signed any more', () => {
    const signerBefore = { kind: 'keyless', identity: 'release@example.org', issuer: ISSUER } as const;
    expect(decided({ signature: signedBy('mallory@example.org'), signerBefore })).toMatchObject({
      allowed: false,
      code: 'untrusted',
    });
    expect(decided({ signerBefore })).toMatchObject({ allowed: false, code: 'untrusted' });
    expect(decided({ signature: signedBy('release@example.org'), signerBefore }).allowed).toBe(true);
  });

  it('tells a key that was exchanged under the same name', () => {
    const key = (fingerprint: string) => ({ kind: 'key', key: 'release', fingerprint }) as const;
    const signature: SignatureVerdict = {
      ...signedBy('x'),
      holding: [{ signer: key('sha256:2'), origin: 'a', matched: true, logged: false }],
    };
    expect(decided({ signature, signerBefore: key('sha256:1') }).code).toBe('untrusted');
  });

  it('takes a workflow for the same signer whatever tag it ran for, and no other workflow', () => {
    const workflow = (file: string, ref: string) => `https://git.example.org/acme/shop/${file}@refs/${ref}`;
    const signerBefore = { kind: 'keyless', identity: workflow('release.yml', 'tags/v1'), issuer: ISSUER } as const;
    expect(decided({ signature: signedBy(workflow('release.yml', 'tags/v2')), signerBefore }).allowed).toBe(true);
    expect(decided({ signature: signedBy(workflow('test.yml', 'tags/v1')), signerBefore }).code).toBe('untrusted');
    const person = { ...signerBefore, identity: 'ann@refs/example.org' };
    expect(decided({ signature: signedBy('ann'), signerBefore: person }).code).toBe('untrusted');
  });

  it('neither accuses nor trusts a signature that leads to nobody known', () => {
    const refused = [{ origin: 'a', reason: 'it is made with a key that is not configured', unknown: true }];
    const signature: SignatureVerdict = { state: 'refused', holding: [], refused };
    expect(lineOf(decided({ signature }), 'signature-holds')).toMatchObject({
      verdict: 'passed',
      why: 'there is a signature that cannot be verified here: it is made with a key that is not configured',
    });
    expect(decided({ signature }, { require: 'signature', identities }).code).toBe('signature_invalid');
    const tampered = { ...signature, refused: [...refused, ...REFUSED.refused] };
    expect(decided({ signature: tampered }).code).toBe('untrusted');
  });

  it('denies where images must be signed and nobody looked, and tells each that is not', () => {
    const images = { identities, keys: [] };
    expect(decided({}, { images }).code).toBe('signature_invalid');
    expect(decided({ images: [] }, { images }).allowed).toBe(true);
    const looked = [
      { image: 'a@sha256:1', verified: true, note: 'signed' },
      { image: 'b', verified: false, note: 'unsigned' },
    ];
    expect(lineOf(decided({ images: looked }, { images }), 'images-signed')).toMatchObject({
      verdict: 'denied',
      why: 'images must be signed here: b: unsigned',
    });
    expect(decided({ images: looked }).allowed).toBe(true);
  });

  it('asks a person about what nobody signed or sealed', () => {
    expect(decided({}, { confirmUnsigned: true })).toMatchObject({ allowed: false, code: 'unsigned_needs_confirmation' });
    expect(decided({ acceptUnsigned: true }, { confirmUnsigned: true }).allowed).toBe(true);
    expect(decided({ trust: sealed }, { confirmUnsigned: true }).allowed).toBe(true);
  });

  it('does not ask a person in vain: another reason comes first', () => {
    expect(decided({ findings: [finding('secrets/aws', 'critical')] }, { confirmUnsigned: true }).code).toBe('scan_blocked');
  });
});

describe('limits', () => {
  it('denies too few points, and what was not scored', () => {
    expect(decided({ score: 69.9 }, { minimumScore: 70 }).allowed).toBe(false);
    expect(decided({ score: 70 }, { minimumScore: 70 }).allowed).toBe(true);
    expect(decided({}, { minimumScore: 70 }).allowed).toBe(false);
  });

  it.each([
    ['high', 'critical', false],
    ['high', 'high', true],
    ['medium', 'high', false],
    ['critical', 'critical', true],
    ['none', 'info', false],
  ] as const)('with maximum severity %s, a %s finding is let in: %s', (maximumSeverity, severity, allowed) => {
    expect(decided({ findings: [finding('content/x', severity)] }, { maximumSeverity }).allowed).toBe(allowed);
  });

  it('denies a version that is too young, of an unknown age, or of a time to come', () => {
    const policy = { minimumReleaseAgeMs: 7 * DAY };
    expect(decided({ knownSince: NOW - 8 * DAY }, policy).allowed).toBe(true);
    expect(decided({ knownSince: NOW - 6 * DAY }, policy).allowed).toBe(false);
    expect(decided({ knownSince: NOW + DAY }, policy).allowed).toBe(false);
    expect(decided({}, policy).allowed).toBe(false);
  });

  it('denies a downgrade where the policy refuses them', () => {
    expect(decided({ installedVersion: '1.10.0' }, { refuseDowngrade: true })).toMatchObject({
      allowed: false,
      code: 'policy_denied',
    });
    expect(decided({ installedVersion: '1.2.0' }, { refuseDowngrade: true }).allowed).toBe(true);
    expect(decided({ installedVersion: '1.10.0' }).allowed).toBe(true);
  });
});

describe('CEL rules', () => {
  it('weighs a broken rule like a finding of its severity', () => {
    expect(decided({ outcomes: [outcome('broken', 'critical')] })).toMatchObject({ allowed: false, code: 'scan_blocked' });
    expect(lineOf(decided({ outcomes: [outcome('broken', 'high')] }), 'policy/rights/everything')?.verdict).toBe('noted');
    expect(lineOf(decided({ outcomes: [outcome('held')] }), 'policy/rights/everything')?.verdict).toBe('passed');
  });

  it('denies what could not be decided, whatever its severity', () => {
    expect(decided({ outcomes: [outcome('undecided', 'info')] }, { maximumSeverity: 'critical' }).allowed).toBe(false);
  });
});

describe('waivers', () => {
  const findings = [finding('secrets/aws', 'critical')];
  const waivers = [waiver({ rule: 'secrets/aws', template: 'shop' })];

  it('lets in what somebody answers for, and says who', () => {
    const decision = decided({ findings }, {}, { waivers });
    expect(decision.allowed).toBe(true);
    expect(lineOf(decision, 'secrets/aws')).toMatchObject({
      verdict: 'waived',
      waiver: { owner: 'ann@example.org', reason: 'we looked at it on Monday', expires: '2026-12-01T00:00:00.000Z' },
    });
  });

  it('does not count an expired waiver, and says so', () => {
    const decision = decided({ findings }, {}, { waivers, now: Date.parse('2026-12-01T00:00:00Z') });
    expect(decision.allowed).toBe(false);
    expect(lineOf(decision, 'secrets/aws')?.why).toContain('the waiver of ann@example.org expired on 2026-12-01');
  });

  it('does not count one that has not begun, or is of another template, registry, version or rule', () => {
    const others = [
      waiver({ rule: 'secrets/aws', template: 'shop', from: '2026-11-22' }),
      waiver({ rule: 'secrets/aws', template: 'shopping' }),
      waiver({ rule: 'secrets/aws', registry: 'other' }),
      waiver({ rule: 'secrets/aws', template: 'shop', versions: '<1.2.0' }),
      waiver({ rule: 'secrets/gcp', template: 'shop' }),
    ];
    expect(decided({ findings }, {}, { waivers: others }).allowed).toBe(false);
  });
});

describe('denial', () => {
  it('names every reason and carries the record', () => {
    const decision = decided({ findings: [finding('secrets/aws', 'critical')] }, { require: 'hash' });
    const error = denial(decision);
    expect(error.code).toBe('policy_denied');
    expect(error.message).toContain('secrets/aws was found');
    expect(error.details).toMatchObject({
      template: 'shop@1.2.0',
      decision: { allowed: false, rules: [{ rule: 'require' }, { rule: 'secrets/aws' }] },
      issues: [{}, { path: 'deploy.yaml', line: 7 }],
    });
  });
});
