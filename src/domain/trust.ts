/** The four states of a manifest's trust block and their notes, word for word helmdeck's (contracts/helmdeck, section 5: stage A). */

export interface HashJudgement {
  verified: boolean;
  /** True when the sealed hash is another one: the content must be refused. */
  mismatch: boolean;
  note: string;
}

/** Judges a trust block against the computed content hash (lower-case hex). Hex digits are compared ignoring case. */
export function judgeHash(trust: { signed_by?: string; sha256?: string } | null | undefined, computed: string): HashJudgement {
  if (!trust) return unverified('no trust block in manifest — pack is unsigned');
  const { signed_by: signer, sha256 } = trust;
  if (!sha256) {
    return unverified(
      signer
        ? `manifest declares signed_by=${signer} but no sha256 — pack hash not yet populated (stage A); see ADR 034`
        : 'no sha256 in manifest trust block — pack is unsigned',
    );
  }
  if (sha256.toLowerCase() !== computed) {
    return {
      verified: false,
      mismatch: true,
      note: `sha256 mismatch: manifest says ${sha256}, computed ${computed} — pack contents do not match what the marketplace signed`,
    };
  }
  const identity = signer
    ? `; manifest declares signed_by=${signer} (full cosign identity verification deferred to stage B)`
    : '';
  return { verified: true, mismatch: false, note: `sha256 verified (${computed})${identity}` };
}

function unverified(note: string): HashJudgement {
  return { verified: false, mismatch: false, note };
}
