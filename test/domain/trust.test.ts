import { describe, expect, it } from '@jest/globals';
import { judgeHash } from '../../src/domain/trust.ts';

const HASH = 'ab'.repeat(32);
const OTHER = 'cd'.repeat(32);

describe('the trust block of a manifest (helmdeck, stage A)', () => {
  // Word for word from the contract; the dash is U+2014.
  it.each<[string, Parameters<typeof judgeHash>[0], boolean, string]>([
    ['none', undefined, false, 'no trust block in manifest \u2014 pack is unsigned'],
    ['null', null, false, 'no trust block in manifest \u2014 pack is unsigned'],
    [
      'a signer, no hash',
      { signed_by: 'ann' },
      false,
      'manifest declares signed_by=ann but no sha256 \u2014 pack hash not yet populated (stage A); see ADR 034',
    ],
    [
      'a signer, an empty hash',
      { signed_by: 'ann', sha256: '' },
      false,
      'manifest declares signed_by=ann but no sha256 \u2014 pack hash not yet populated (stage A); see ADR 034',
    ],
    ['nothing in it', {}, false, 'no sha256 in manifest trust block \u2014 pack is unsigned'],
    [
      'its hash, a signer',
      { signed_by: 'ann', sha256: HASH },
      true,
      `sha256 verified (${HASH}); manifest declares signed_by=ann (full cosign identity verification deferred to stage B)`,
    ],
    ['its hash, no signer', { sha256: HASH }, true, `sha256 verified (${HASH})`],
    ['its hash in capitals', { sha256: HASH.toUpperCase() }, true, `sha256 verified (${HASH})`],
  ])('with %s', (_what, trust, verified, note) => {
    expect(judgeHash(trust, HASH)).toEqual({ verified, mismatch: false, note });
  });

  it('with another hash is refused, which names both as they were written', () => {
    expect(judgeHash({ signed_by: 'ann', sha256: OTHER.toUpperCase() }, HASH)).toEqual({
      verified: false,
      mismatch: true,
      note: `sha256 mismatch: manifest says ${OTHER.toUpperCase()}, computed ${HASH} \u2014 pack contents do not match what the marketplace signed`,
    });
  });
});
