import type { JudgedImage } from '../image-signatures.ts';
import type { RegistryType } from '../registry.ts';
import type { SignatureVerdict, Signer } from '../signature.ts';
import type { Finding, SeverityCounts } from '../validation.ts';
import type { RuleOutcome } from './engine.ts';

/** What is known of one template when it is decided about. What nobody looked at is absent, and a rule that needs it denies. */
export interface PolicyFacts {
  template: { name: string; version: string; digest: string };
  registry: { name: string; type: RegistryType; kind: string };
  /** of the sealed hash */
  trust: { verified: boolean; note: string };
  /** Verified against the identities and keys of the registry's policy; absent = nobody looked for signatures. */
  signature?: SignatureVerdict;
  /** Held against the policy's word on images; absent = nobody looked. */
  images?: readonly JudgedImage[];
  findings: readonly Finding[];
  /** Of those that the scan counted and does not list; none when left out. */
  unlisted?: SeverityCounts;
  outcomes: readonly RuleOutcome[];
  /** measured points, 0..100 */
  score?: number;
  /** ms since the epoch: when it was published, or when this server first saw it where the registry does not say */
  knownSince?: number;
  /** The version of this name that the namespace has. */
  installedVersion?: string;
  /** Who signed the version that was let in before from this registry. */
  signerBefore?: Signer;
  acceptUnsigned: boolean;
}

/** What a workflow's identity ends with: the branch or tag it ran for, which is another one with each release. */
const REF = /@refs\/[^@]+$/;

/** Whether one made both signatures. A workflow is the same for all its tags; which of them may sign, the identities of a policy say. */
export function isSameSigner(a: Signer, b: Signer): boolean {
  return signerInWords(withoutRef(a)) === signerInWords(withoutRef(b));
}

function withoutRef(signer: Signer): Signer {
  const isWorkflow = signer.kind === 'keyless' && signer.identity.startsWith('https://');
  return isWorkflow ? { ...signer, identity: signer.identity.replace(REF, '') } : signer;
}

/** The same text for the same signer only: a key by what it is, not by the name it has in a configuration. */
export function signerInWords(signer: Signer): string {
  return signer.kind === 'key' ? `the key ${signer.fingerprint}` : `${signer.identity} (${signer.issuer})`;
}
