import { type KeyObject, sign } from 'node:crypto';
import { trustedKey } from '../../../src/adapters/sigstore/keys.ts';
import { bytesOf } from './chain.ts';

export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const SIGN = 'https://sigstore.dev/cosign/sign/v1';

/** What cosign 3 attaches to an image: a statement about its digest, in an envelope. */
export function statementBundle(digest: string, key: KeyObject, publicKey: KeyObject, predicateType = SIGN): Buffer {
  const payload = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: digest.slice('sha256:'.length) } }],
      predicateType,
      predicate: {},
    }),
  );
  const payloadType = 'application/vnd.in-toto+json';
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
  return bytesOf({
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint: trustedKey('k', publicKey).hint } },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType,
      signatures: [{ sig: sign('sha256', signed, key).toString('base64') }],
    },
  });
}
