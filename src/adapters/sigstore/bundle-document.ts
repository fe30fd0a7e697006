import { BUNDLE_V03_LEGACY_MEDIA_TYPE, BUNDLE_V03_MEDIA_TYPE, type Bundle, bundleFromJSON } from '@sigstore/bundle';
import { z } from 'zod';
import { MAX_BUNDLE_BYTES } from '../../domain/signature.ts';
import { fromBase64, Refusal } from './refusal.ts';

/**
 * The text of a bundle, read strictly: a member that is not known and a second way to write the same bytes are refused, since what nobody
 * looks at could be anything. Versions before 0.3 are not read: they differ in one character of the media type and prove less.
 */

const MAX_ENTRIES = 10; // one log entry is usual; some are in two logs
const MAX_PROOF_HASHES = 64; // a log of 2^64 entries
const MAX_TEXT_LENGTH = 16 * 1024;

const base64 = z.string().refine((text) => fromBase64(text) !== undefined, 'is not base64 in its one proper form');
const bytes = base64.min(1);
const count = z.string().regex(/^(0|[1-9]\d{0,18})$/, 'is not a number in digits');

const proof = z.strictObject({
  logIndex: count.optional(),
  rootHash: bytes,
  treeSize: count,
  hashes: z.array(bytes).max(MAX_PROOF_HASHES).optional(),
  checkpoint: z.strictObject({ envelope: z.string().max(MAX_TEXT_LENGTH) }),
});
const logEntry = z.strictObject({
  logIndex: count.optional(),
  logId: z.strictObject({ keyId: bytes }),
  kindVersion: z.strictObject({ kind: z.string().max(100), version: z.string().max(100) }),
  integratedTime: count.optional(),
  inclusionPromise: z.strictObject({ signedEntryTimestamp: bytes }).optional(),
  inclusionProof: proof,
  canonicalizedBody: bytes,
});
const signature = z.strictObject({ sig: bytes, keyid: z.literal('').optional() });

const schema = z
  .strictObject({
    mediaType: z.enum([BUNDLE_V03_MEDIA_TYPE, BUNDLE_V03_LEGACY_MEDIA_TYPE]),
    verificationMaterial: z.strictObject({
      certificate: z.strictObject({ rawBytes: bytes }).optional(),
      publicKey: z.strictObject({ hint: z.string().max(MAX_TEXT_LENGTH) }).optional(),
      tlogEntries: z.array(logEntry).max(MAX_ENTRIES).optional(),
      timestampVerificationData: z
        .strictObject({
          rfc3161Timestamps: z
            .array(z.strictObject({ signedTimestamp: bytes }))
            .max(MAX_ENTRIES)
            .optional(),
        })
        .optional(),
    }),
    messageSignature: z
      .strictObject({
        messageDigest: z.strictObject({ algorithm: z.enum(['SHA2_256', 'SHA2_384', 'SHA2_512']), digest: bytes }),
        signature: bytes,
      })
      .optional(),
    dsseEnvelope: z
      .strictObject({ payload: bytes, payloadType: z.string().max(200), signatures: z.array(signature).length(1) })
      .optional(),
  })
  .refine(
    (value) => (value.messageSignature === undefined) !== (value.dsseEnvelope === undefined),
    'holds not exactly one signature',
  )
  .refine(
    ({ verificationMaterial: { certificate, publicKey } }) => (certificate === undefined) !== (publicKey === undefined),
    'names not exactly one certificate or key',
  );

/** Reads the bytes of a `.sigstore.json`. Throws a Refusal, or what the library throws. */
export function parseBundle(document: Uint8Array): Bundle {
  if (document.length > MAX_BUNDLE_BYTES)
    throw new Refusal(`the bundle has ${document.length} bytes, at most ${MAX_BUNDLE_BYTES} are read`);
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(document));
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Refusal(`the bundle is not valid: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not as expected'}`);
  }
  return bundleFromJSON(value);
}
