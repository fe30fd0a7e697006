import { createHash, type KeyObject, sign } from 'node:crypto';

/** A log of Rekor's second version with one entry: signed by Ed25519, without a promise and without a time of its own. */

export interface EntryV2 {
  key: KeyObject;
  /** DER */
  publicKey: Buffer;
  digest: Buffer;
  signature: Buffer;
  /** DER in base64 */
  certificate: string;
}

export const HOST_V2 = 'log2026-1.rekor.sigstore.mock';

export function logV2({ key, publicKey, digest, signature, certificate }: EntryV2) {
  const body = Buffer.from(
    JSON.stringify({
      apiVersion: '0.0.2',
      kind: 'hashedrekord',
      spec: {
        hashedRekordV002: {
          data: { algorithm: 'SHA2_256', digest: digest.toString('base64') },
          signature: {
            content: signature.toString('base64'),
            verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', x509Certificate: { rawBytes: certificate } },
          },
        },
      },
    }),
  );
  const id = createHash('sha256').update(publicKey).digest();
  // The only leaf of a tree is its root (RFC 6962, 2.1).
  const root = createHash('sha256')
    .update(Buffer.from([0]))
    .update(body)
    .digest()
    .toString('base64');
  const note = `${HOST_V2}\n1\n${root}\n`;
  const line = Buffer.concat([id.subarray(0, 4), sign(null, Buffer.from(note), key)]).toString('base64');
  return {
    logIndex: '0',
    logId: { keyId: id.toString('base64') },
    kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
    inclusionProof: {
      logIndex: '0',
      rootHash: root,
      treeSize: '1',
      checkpoint: { envelope: `${note}\n\u2014 ${HOST_V2} ${line}\n` },
    },
    canonicalizedBody: body.toString('base64'),
  };
}
