import { ChandleryError } from './errors.ts';

/**
 * Stage B of trust (DESIGN section 9): who signed the bytes. What is verified here is only that a signature holds and whose it is; whether
 * that somebody is enough is the policy's to say.
 */

/** Beside an archive, as cosign names it. */
export const BUNDLE_SUFFIX = '.sigstore.json';
/** Bytes of one bundle; one with a certificate, a log entry and a timestamp has some 10 KB, and lists of parts are no signatures. */
export const MAX_BUNDLE_BYTES = 128 * 1024;
/** Signatures of one thing that are looked at; each costs a request where a registry holds them. */
export const MAX_SIGNATURES = 50;

/** A signature as it was found: bytes that nobody has looked at yet. */
export type SignatureDocument =
  /** A Sigstore bundle, version 0.3. */
  | { form: 'bundle'; origin: string; bytes: Uint8Array }
  /** cosign's older form: a payload that names the digest, and its signature in the annotations of an OCI layer. */
  | { form: 'cosign'; origin: string; payload: Uint8Array; annotations: Readonly<Record<string, string>> };

/** What a registry holds of signatures for one version. */
export interface SignatureSet {
  /** What was signed: `sha256:<hex>` of the archive itself, or of the OCI manifest that names the archive. */
  subject: string;
  /** `sha256:<hex>` of the archive that the subject stands for; the caller holds it against its lock. */
  archive: string;
  /** Lazily, since the first good one ends the search. Fails like the registry. */
  documents: AsyncIterable<SignatureDocument>;
}

/** What a signature must be of. */
export interface SignedSubject {
  /** `sha256:<hex>` */
  digest: string;
  /** The bytes, again with each call; absent where only the digest is at hand (an OCI manifest), for which a signature must name it. */
  read?: () => AsyncIterable<Uint8Array>;
}

/** Who must have signed, by a certificate. Both must be the same; `*` in the identity stands for any characters. */
export interface RequiredIdentity {
  /** The certificate's subject: an e-mail address, or the URI of a workflow. */
  identity: string;
  /** The OIDC provider that vouched for it: `https://token.actions.githubusercontent.com`. */
  issuer: string;
}

/** Any one of them is enough. With neither, every valid signature is told and none is called verified. */
export interface SignatureRequirement {
  identities?: readonly RequiredIdentity[];
  /** Names of configured keys. */
  keys?: readonly string[];
}

/** Who made a signature that holds. */
export type Signer =
  | { kind: 'keyless'; identity: string; issuer: string }
  /** `key` is the name in the configuration, `fingerprint` the `sha256:<hex>` of the public key (SPKI). */
  | { kind: 'key'; key: string; fingerprint: string };

export interface HoldingSignature {
  signer: Signer;
  origin: string;
  /** Whether the signer is the required one. */
  matched: boolean;
  /** Whether a transparency log has it. */
  logged: boolean;
  /** RFC 3339, proven by a log or a timestamp authority. */
  signedAt?: string;
}

/** A signature that does not hold, and why. */
export interface RefusedSignature {
  origin: string;
  reason: string;
  /** Nobody here knows the key, authority or log it leads to: whether it holds, cannot be said. */
  unknown?: boolean;
}

/**
 * - verified: one holds and its signer is the required one
 * - unmatched: one holds, by somebody nobody asked for
 * - refused: there are signatures, none holds
 * - unsigned: there is none
 */
export type SignatureState = 'verified' | 'unmatched' | 'refused' | 'unsigned';

export interface SignatureVerdict {
  state: SignatureState;
  /** The required signer's first. */
  holding: HoldingSignature[];
  refused: RefusedSignature[];
}

/** Verifies without a network. A signature that does not hold is an answer, not an error; what fails is only the reading. */
export interface SignatureVerifier {
  verify(
    subject: SignedSubject,
    documents: Iterable<SignatureDocument> | AsyncIterable<SignatureDocument>,
    requirement?: SignatureRequirement,
  ): Promise<SignatureVerdict>;
}

/** Identities are compared as a whole: one that only begins or ends like the required one is another's. */
export function matchesIdentity(required: RequiredIdentity, signer: Signer): boolean {
  return signer.kind === 'keyless' && signer.issuer === required.issuer && matchesPattern(required.identity, signer.identity);
}

/** Whether a signer is one of the required; false where nobody is required. */
export function isRequired(signer: Signer, { identities = [], keys = [] }: SignatureRequirement): boolean {
  if (signer.kind === 'key') return keys.includes(signer.key);
  return identities.some((required) => matchesIdentity(required, signer));
}

/** Characters that an identity must have beside `*`: fewer would be a policy that lets in anybody. */
const MIN_LITERAL_LENGTH = 8;

/** Fails with config_invalid for an identity that would match nearly everybody, or has no issuer. `where` is told with it. */
export function checkIdentity({ identity, issuer }: RequiredIdentity, where: string): RequiredIdentity {
  if (identity.replaceAll('*', '').length < MIN_LITERAL_LENGTH)
    throw new ChandleryError(
      'config_invalid',
      `${where}: the identity ${JSON.stringify(identity)} would let in nearly everybody; write at least ${MIN_LITERAL_LENGTH} characters beside *`,
    );
  if (!URL.canParse(issuer))
    throw new ChandleryError(
      'config_invalid',
      `${where}: the issuer ${JSON.stringify(issuer)} is not the URL of an OIDC provider`,
    );
  return { identity, issuer };
}

/** Linear in the text, whatever the pattern: each part is sought once, leftmost. */
function matchesPattern(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}

/** Sums up. The order of the input is kept, but the required signer comes first. */
export function verdictOf(holding: readonly HoldingSignature[], refused: readonly RefusedSignature[]): SignatureVerdict {
  const sorted = [...holding].sort((a, b) => Number(b.matched) - Number(a.matched));
  const state = sorted[0]?.matched ? 'verified' : sorted.length > 0 ? 'unmatched' : refused.length > 0 ? 'refused' : 'unsigned';
  return { state, holding: sorted, refused: [...refused] };
}

/** Whether there are only signatures that do not hold, and one of them is known not to: a tampered one, not one by a stranger. */
export function isBroken({ state, refused }: SignatureVerdict): boolean {
  return state === 'refused' && refused.some(({ unknown }) => !unknown);
}

/**
 * One line for people and badges. It says no more than what was verified: a name stands without "(unverified identity)" only where it is
 * the required one. `signedBy` is what the manifest says of itself, which anybody can write there.
 */
export function signatureNote(verdict: SignatureVerdict, signedBy?: string): string {
  const { state, holding, refused } = verdict;
  const [best] = holding;
  if (isBroken(verdict)) return `the signature does not hold: ${refused.find(({ unknown }) => !unknown)?.reason}`;
  if (state === 'refused') return `there is a signature that cannot be verified here: ${refused[0]?.reason}`;
  if (best === undefined) return signedBy ? `signed by ${signedBy} (unverified identity)` : 'unsigned';
  const { signer, matched, logged } = best;
  const log = logged ? '' : ', in no transparency log';
  if (signer.kind === 'key')
    return matched
      ? `signed with the required key ${signer.key} (${signer.fingerprint})${log}`
      : `signed with the key ${signer.key} (unverified identity)${log}`;
  return matched
    ? `signed by ${signer.identity}, vouched for by ${signer.issuer}`
    : `signed by ${signer.identity} (unverified identity)`;
}
