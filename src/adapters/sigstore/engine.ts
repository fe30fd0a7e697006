import type { KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { TrustedRoot } from '@sigstore/protobuf-specs';
import { type SignedEntity, toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import type { HoldingSignature, Signer } from '../../domain/signature.ts';
import { checkCertificate } from './certificate.ts';
import type { SignatureContent } from './content.ts';
import { isStrongKey, type TrustedKey } from './keys.ts';
import { checkLogEntry } from './log-entry.ts';
import { Refusal } from './refusal.ts';

export interface TrustOptions {
  root: TrustedRoot;
  keys: readonly TrustedKey[];
}

/** Whose signature a bundle claims to be, before anything of it is proven. */
export interface Claimant {
  key: KeyObject;
  /** DER of the certificate or of the public key, as a log entry names it. */
  der: Buffer;
  /** The configured key; absent for a certificate. */
  trusted?: TrustedKey;
}

/** A certificate proves what it did while it was valid: once in a log of certificates, once in a log of signatures, and by a time. */
const KEYLESS = { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 };
/** Whoever configured the key vouches for it. Log entries and timestamps that there are must still be right. */
const KEY = { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 };

/** The part that all forms of signatures share: one bundle against the trusted root and the configured keys. */
export class Engine {
  readonly #options: TrustOptions;
  readonly #keyless: Verifier;
  readonly #key: Verifier;

  constructor(options: TrustOptions) {
    this.#options = options;
    const material = toTrustMaterial(options.root, (hint) => ({ publicKey: this.#keyOf(hint).key, validFor: () => true }));
    this.#keyless = new Verifier(material, KEYLESS);
    this.#key = new Verifier(material, KEY);
  }

  /** Throws a Refusal for a key that is not configured, and whatever a broken certificate makes the parser throw. */
  claimantOf({ verificationMaterial: { content } }: Bundle): Claimant {
    if (content.$case === 'publicKey') {
      const trusted = this.#keyOf(content.publicKey.hint);
      return { key: trusted.key, der: trusted.key.export({ type: 'spki', format: 'der' }), trusted };
    }
    const raw =
      content.$case === 'certificate' ? content.certificate.rawBytes : content.x509CertificateChain.certificates[0]?.rawBytes;
    if (!raw) throw new Refusal('it names no certificate');
    const { publicKey } = checkCertificate(raw, this.#options.root);
    if (!isStrongKey(publicKey)) throw new Refusal('the key of the certificate is of a kind that is not taken');
    return { key: publicKey, der: raw };
  }

  /** Who signed the content. Throws a Refusal, or what the library throws. */
  check(bundle: Bundle, content: SignatureContent, claimant: Claimant): Omit<HoldingSignature, 'origin' | 'matched'> {
    const { root } = this.#options;
    const { tlogEntries } = bundle.verificationMaterial;
    for (const entry of tlogEntries) checkLogEntry(entry, root, claimant.der);
    const entity: SignedEntity = { ...toSignedEntity(bundle), signature: content };
    const verifier = claimant.trusted ? this.#key : this.#keyless;
    const signer = signerOf(claimant, verifier.verify(entity).identity);
    const signedAt = timeOf(entity);
    return { signer, logged: tlogEntries.length > 0, ...(signedAt !== undefined && { signedAt }) };
  }

  #keyOf(hint: string): TrustedKey {
    const found = this.#options.keys.find((key) => key.hint === hint);
    if (found) return found;
    throw new Refusal(
      this.#options.keys.length === 0
        ? 'it is made with a key, and there is none to verify it with'
        : 'it is made with another key than those that are trusted',
      true,
    );
  }
}

type Identity = ReturnType<Verifier['verify']>['identity'];

function signerOf({ trusted }: Claimant, identity: Identity): Signer {
  if (trusted) return { kind: 'key', key: trusted.name, fingerprint: trusted.fingerprint };
  const [name, issuer] = [identity?.subjectAlternativeName, identity?.extensions?.issuer];
  if (!name || !issuer) throw new Refusal('the certificate does not name a person or workflow, and who vouched for it');
  return { kind: 'keyless', identity: name, issuer };
}

/** The earliest time that was proven. */
function timeOf({ timestamps }: SignedEntity): string | undefined {
  const times = timestamps.flatMap((each) => {
    if (each.$case === 'timestamp-authority') return [each.timestamp.signingTime.getTime()];
    const { inclusionPromise, integratedTime } = each.tlogEntry;
    return inclusionPromise ? [Number(integratedTime) * 1000] : [];
  });
  return times.length === 0 ? undefined : new Date(Math.min(...times)).toISOString();
}
