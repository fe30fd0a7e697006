import type { Bundle } from '@sigstore/bundle';
import { ChandleryError } from '../../domain/errors.ts';
import {
  type HoldingSignature,
  isRequired,
  MAX_SIGNATURES,
  type RefusedSignature,
  type SignatureDocument,
  type SignatureRequirement,
  type SignatureVerifier,
  type SignedSubject,
  verdictOf,
} from '../../domain/signature.ts';
import { parseBundle } from './bundle-document.ts';
import { bytesContent, envelopeContent, type SignatureContent, streamContent } from './content.ts';
import { readCosignDocument } from './cosign-document.ts';
import { type Claimant, Engine, type TrustOptions } from './engine.ts';
import type { HashName } from './keys.ts';
import { Refusal, reasonOf } from './refusal.ts';
import { signsDigest } from './statement.ts';

/** `HashAlgorithm` of Sigstore's protobuf; the bundle's reader lets through no other. */
const HASHES: Readonly<Record<number, HashName>> = { 1: 'sha256', 2: 'sha384', 3: 'sha512' };

type Found = Omit<HoldingSignature, 'origin' | 'matched'>;

/** Verifies Sigstore bundles and cosign's older signatures against a trusted root and keys, without a network. */
export function createSignatureVerifier(options: TrustOptions): SignatureVerifier {
  const engine = new Engine(options);
  const judge = (subject: SignedSubject, document: SignatureDocument): Promise<Found | undefined> =>
    document.form === 'bundle'
      ? checkBundle(engine, subject, document.bytes)
      : checkCosign(engine, options, subject.digest, document);
  return {
    async verify(subject, documents, requirement: SignatureRequirement = {}) {
      const holding: HoldingSignature[] = [];
      const refused: RefusedSignature[] = [];
      let seen = 0;
      for await (const document of documents) {
        const { origin } = document;
        seen += 1;
        if (seen > MAX_SIGNATURES) {
          refused.push({ origin, reason: `there are more than ${MAX_SIGNATURES} signatures; the others were not looked at` });
          break;
        }
        try {
          const found = await judge(subject, document);
          if (!found) continue;
          holding.push({ ...found, origin, matched: isRequired(found.signer, requirement) });
          if (holding.at(-1)?.matched) break;
        } catch (error) {
          // Ours speak of the subject's bytes: they could not be read, or are not the ones that were meant.
          if (error instanceof ChandleryError || error instanceof Unread) throw error instanceof Unread ? error.cause : error;
          const isUnknown = error instanceof Refusal && error.unknown;
          refused.push({ origin, reason: reasonOf(error), ...(isUnknown && { unknown: true }) });
        }
      }
      return verdictOf(holding, refused);
    },
  };
}

/** What reading the subject's bytes threw: no word about the signature. */
class Unread extends Error {}

/** Undefined for a statement that is no signature. */
async function checkBundle(engine: Engine, subject: SignedSubject, bytes: Uint8Array): Promise<Found | undefined> {
  const bundle = parseBundle(bytes);
  const { content } = bundle;
  if (content.$case === 'dsseEnvelope') {
    const { payload, payloadType, signatures } = content.dsseEnvelope;
    if (!signsDigest(payloadType, payload, subject.digest)) return undefined;
    const [signature] = signatures;
    if (!signature) throw new Refusal('it holds no signature');
    return engine.check(bundle, envelopeContent(payloadType, payload, signature.sig), engine.claimantOf(bundle));
  }
  const claimant = engine.claimantOf(bundle);
  return engine.check(bundle, await messageContent(bundle, subject, claimant), claimant);
}

async function messageContent({ content }: Bundle, subject: SignedSubject, { key }: Claimant): Promise<SignatureContent> {
  if (content.$case !== 'messageSignature') throw new Refusal('it holds no signature');
  const { messageDigest, signature } = content.messageSignature;
  const hash = HASHES[messageDigest.algorithm];
  if (!hash) throw new Refusal('it uses a hash that is not taken');
  const read = subject.read && (() => marked(subject.read));
  return streamContent({ digest: subject.digest, ...(read && { read }) }, { hash, digest: messageDigest.digest, signature }, key);
}

async function* marked(read: SignedSubject['read']): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* read?.() ?? [];
  } catch (error) {
    throw new Unread('the bytes could not be read', { cause: error });
  }
}

async function checkCosign(
  engine: Engine,
  { keys }: TrustOptions,
  digest: string,
  document: Extract<SignatureDocument, { form: 'cosign' }>,
): Promise<Found> {
  const { payload, signature, candidates } = readCosignDocument(document, digest, keys);
  let last: unknown;
  for (const bundle of candidates) {
    try {
      return engine.check(bundle, bytesContent(payload, signature), engine.claimantOf(bundle));
    } catch (error) {
      last = error;
    }
  }
  // It does not name its key: with several of ours tried in vain, it may as well be a stranger's.
  if (candidates.some(({ verificationMaterial: { content } }) => content.$case === 'publicKey'))
    throw new Refusal(`it is made with none of the configured keys: ${reasonOf(last)}`, true);
  throw last;
}
