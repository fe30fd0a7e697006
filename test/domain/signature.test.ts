import { describe, expect, it } from '@jest/globals';
import {
  checkIdentity,
  type HoldingSignature,
  matchesIdentity,
  type Signer,
  signatureNote,
  verdictOf,
} from '../../src/domain/signature.ts';

const ISSUER = 'https://accounts.example.org';
const keyless = (identity: string, issuer = ISSUER): Signer => ({ kind: 'keyless', identity, issuer });
const holding = (signer: Signer, matched: boolean, logged = true): HoldingSignature => ({ signer, matched, logged, origin: 'x' });
const key: Signer = { kind: 'key', key: 'release', fingerprint: 'sha256:ab' };

describe('matchesIdentity', () => {
  it.each([
    ['ada@example.org', 'ada@example.org', true],
    ['ada@example.org', 'ada@example.org.evil.org', false],
    ['ada@example.org', 'xada@example.org', false],
    ['ada@example.org', 'ada@exampleXorg', false],
    ['ada@example.org', 'ADA@example.org', false],
    ['https://git.example.org/acme/*', 'https://git.example.org/acme/shop/release.yml@refs/tags/v1', true],
    ['https://git.example.org/acme/*', 'https://git.example.org/acmeevil/shop', false],
    ['https://git.example.org/*/release.yml@refs/tags/*', 'https://git.example.org/a/b/release.yml@refs/tags/v1', true],
    ['https://git.example.org/*/release.yml@refs/tags/*', 'https://git.example.org/a/test.yml@refs/tags/v1', false],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['a*b*c', 'acb', false],
  ])('%s for %s: %s', (identity, signer, expected) => {
    expect(matchesIdentity({ identity, issuer: ISSUER }, keyless(signer))).toBe(expected);
  });

  it('wants the issuer as well', () => {
    expect(
      matchesIdentity({ identity: 'ada@example.org', issuer: ISSUER }, keyless('ada@example.org', 'https://other.org')),
    ).toBe(false);
    expect(matchesIdentity({ identity: 'release', issuer: ISSUER }, key)).toBe(false);
  });

  it('takes linear time for any pattern', () => {
    const started = performance.now();
    matchesIdentity({ identity: '*a'.repeat(1000), issuer: ISSUER }, keyless('a'.repeat(100_000).replace(/.$/, 'b')));
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('checkIdentity', () => {
  it('refuses patterns for nearly everybody, and issuers that are none', async () => {
    for (const identity of ['', '*', '**', '*@*', 'h*'])
      await expect(() => checkIdentity({ identity, issuer: ISSUER }, 'policy')).toFailWith('config_invalid');
    await expect(() => checkIdentity({ identity: 'ada@example.org', issuer: 'google' }, 'policy')).toFailWith('config_invalid');
    expect(checkIdentity({ identity: '*@example.org', issuer: ISSUER }, 'policy')).toEqual({
      identity: '*@example.org',
      issuer: ISSUER,
    });
  });
});

describe('the note', () => {
  it.each([
    ['nobody', verdictOf([], []), 'unsigned'],
    [
      'somebody nobody asked for',
      verdictOf([holding(keyless('ada@example.org'), false)], []),
      'signed by ada@example.org (unverified identity)',
    ],
    [
      'the required',
      verdictOf([holding(keyless('eve@example.org'), false), holding(keyless('ada@example.org'), true)], []),
      `signed by ada@example.org, vouched for by ${ISSUER}`,
    ],
    [
      'the required key',
      verdictOf([holding(key, true, false)], []),
      'signed with the required key release (sha256:ab), in no transparency log',
    ],
    ['another key', verdictOf([holding(key, false, true)], []), 'signed with the key release (unverified identity)'],
    ['a bad signature', verdictOf([], [{ origin: 'x', reason: 'it is broken' }]), 'the signature does not hold: it is broken'],
  ])('for %s', (_, verdict, expected) => {
    expect(signatureNote(verdict)).toBe(expected);
  });

  it('never believes what a manifest says of itself', () => {
    expect(signatureNote(verdictOf([], []), 'acme')).toBe('signed by acme (unverified identity)');
    expect(signatureNote(verdictOf([], [{ origin: 'x', reason: 'broken' }]), 'acme')).not.toContain('acme');
  });
});
