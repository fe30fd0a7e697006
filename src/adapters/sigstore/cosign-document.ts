import { createHash } from 'node:crypto';
import { type Bundle, type TransparencyLogEntry, toMessageSignatureBundle } from '@sigstore/bundle';
import { z } from 'zod';
import type { SignatureDocument } from '../../domain/signature.ts';
import type { TrustedKey } from './keys.ts';
import { derOf } from './log-entry.ts';
import { fromBase64, Refusal } from './refusal.ts';

/** cosign's older form (specs/SIGNATURE_SPEC.md of cosign): "simple signing", in the layers of the image `sha256-<hex>.sig`. */

const SIGNATURE = 'dev.cosignproject.cosign/signature';
const CERTIFICATE = 'dev.sigstore.cosign/certificate';
const BUNDLE = 'dev.sigstore.cosign/bundle';
const TIMESTAMP = 'dev.sigstore.cosign/rfc3161timestamp';

const payloadSchema = z.object({
  critical: z.object({
    type: z.enum(['cosign container image signature', 'https://sigstore.dev/cosign/sign/v1']),
    image: z.object({ 'docker-manifest-digest': z.string() }),
  }),
});
const logSchema = z.object({
  SignedEntryTimestamp: z.string(),
  Payload: z.object({
    body: z.string(),
    integratedTime: z.int().nonnegative(),
    logIndex: z.int().nonnegative(),
    logID: z.string().regex(/^[0-9a-f]{64}$/),
  }),
});
const bodySchema = z.object({ kind: z.string(), apiVersion: z.string() });
const timestampSchema = z.object({ SignedRFC3161Timestamp: z.string() });

type CosignDocument = Extract<SignatureDocument, { form: 'cosign' }>;

export interface CosignSignature {
  payload: Buffer;
  signature: Buffer;
  /** The same as bundles: one for its certificate, or one for each key it may be made with, since it does not name the key. */
  candidates: Bundle[];
}

/** Throws a Refusal or a parser's error. Nothing is verified yet but that it speaks of this digest. */
export function readCosignDocument(
  { payload, annotations }: CosignDocument,
  digest: string,
  keys: readonly TrustedKey[],
): CosignSignature {
  const bytes = Buffer.from(payload);
  const { critical } = payloadSchema.parse(JSON.parse(bytes.toString('utf8')));
  if (critical.image['docker-manifest-digest'] !== digest) throw new Refusal('the signature is of something else');
  const signature = proper(annotations[SIGNATURE] ?? '', 'the signature');
  const base = { digest: createHash('sha256').update(bytes).digest(), signature };
  const pem = annotations[CERTIFICATE];
  if (!pem && keys.length === 0) throw new Refusal('it is made with a key, and there is none to verify it with', true);
  const candidates = pem
    ? [toMessageSignatureBundle({ ...base, certificate: certificateOf(pem) })]
    : keys.map(({ hint }) => toMessageSignatureBundle({ ...base, keyHint: hint }));
  for (const { verificationMaterial } of candidates) {
    const [log, timestamp] = [annotations[BUNDLE], annotations[TIMESTAMP]];
    if (log) verificationMaterial.tlogEntries.push(logEntryOf(log));
    if (timestamp)
      verificationMaterial.timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp: timestampOf(timestamp) }] };
  }
  return { payload: bytes, signature, candidates };
}

function certificateOf(pem: string): Buffer {
  const der = derOf(pem);
  if (!der) throw new Refusal('its certificate is not PEM');
  return der;
}

/** The log's promise stands for the proof, which this form does not carry: it is signed by the log as well. */
function logEntryOf(text: string): TransparencyLogEntry {
  const { SignedEntryTimestamp, Payload } = logSchema.parse(JSON.parse(text));
  const canonicalizedBody = proper(Payload.body, 'the log entry');
  const { kind, apiVersion } = bodySchema.parse(JSON.parse(canonicalizedBody.toString('utf8')));
  return {
    logIndex: String(Payload.logIndex),
    logId: { keyId: Buffer.from(Payload.logID, 'hex') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(Payload.integratedTime),
    inclusionPromise: { signedEntryTimestamp: proper(SignedEntryTimestamp, "the log's promise") },
    inclusionProof: undefined,
    canonicalizedBody,
  };
}

function timestampOf(text: string): Buffer {
  return proper(timestampSchema.parse(JSON.parse(text)).SignedRFC3161Timestamp, 'the timestamp');
}

function proper(text: string, what: string): Buffer {
  const bytes = fromBase64(text);
  if (!bytes || bytes.length === 0) throw new Refusal(`${what} is not base64`);
  return bytes;
}
