import { createHash, createPublicKey, createSign, type KeyObject, sign } from 'node:crypto';
import { BUNDLE_V03_MEDIA_TYPE } from '@sigstore/bundle';
import { ChandleryError } from '../../domain/errors.ts';
import { type HashName, hashOf, trustedKey } from './keys.ts';

/** As Sigstore's protobuf writes them in JSON. */
const HASH_WORDS: Readonly<Record<HashName, string>> = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' };
/** As of verifying: Ed25519 cannot be fed in pieces. */
const MAX_WHOLE_BYTES = 32 * 1024 * 1024;

export interface SignedBytes {
  /** The text of a `.sigstore.json`, which `cosign verify-blob --bundle` reads as well. */
  bundle: string;
  /** `sha256:<hex>` of the bytes */
  digest: string;
  /** `sha256:<hex>` of the public key (SPKI) */
  fingerprint: string;
}

/** Signs bytes with a key, without a network and without a log. Fails with too_large for Ed25519 and many bytes. */
export async function signBytes(source: AsyncIterable<Uint8Array>, key: KeyObject): Promise<SignedBytes> {
  const hash = hashOf('to sign with', key);
  const { hint, fingerprint } = trustedKey('to sign with', createPublicKey(key));
  const { digest, named, signature } = await digestAndSign(source, key, hash);
  const bundle = {
    mediaType: BUNDLE_V03_MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint } },
    messageSignature: {
      messageDigest: { algorithm: HASH_WORDS[hash], digest: named.toString('base64') },
      signature: signature.toString('base64'),
    },
  };
  return { bundle: `${JSON.stringify(bundle)}\n`, digest: `sha256:${digest}`, fingerprint };
}

async function digestAndSign(source: AsyncIterable<Uint8Array>, key: KeyObject, hash: HashName) {
  const isWhole = key.asymmetricKeyType === 'ed25519';
  const [own, named, signer] = [createHash('sha256'), createHash(hash), createSign(hash)];
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    own.update(chunk);
    named.update(chunk);
    if (!isWhole) signer.update(chunk);
    else if (length <= MAX_WHOLE_BYTES) pieces.push(Uint8Array.from(chunk));
    else throw new ChandleryError('too_large', `an Ed25519 key signs at most ${MAX_WHOLE_BYTES} bytes; use an ECDSA key`);
  }
  const signature = isWhole ? sign(null, Buffer.concat(pieces), key) : signer.sign(key);
  return { digest: own.digest('hex'), named: named.digest(), signature };
}
