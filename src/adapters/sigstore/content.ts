import { createHash, createVerify, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import type { SignedEntity } from '@sigstore/verify';
import { ChandleryError } from '../../domain/errors.ts';
import type { SignedSubject } from '../../domain/signature.ts';
import { type HashName, hashOf } from './keys.ts';
import { Refusal } from './refusal.ts';

/** What was signed, in the form @sigstore/verify asks it for. Its own reads an archive into memory and does not look at its digest. */
export type SignatureContent = SignedEntity['signature'];

/** Bytes that a key is asked about whole: Ed25519 cannot be fed in pieces. */
const MAX_WHOLE_BYTES = 32 * 1024 * 1024;

/** A signature over bytes at hand. */
export function bytesContent(bytes: Buffer, signature: Buffer): SignatureContent {
  return contentOf(signature, createHash('sha256').update(bytes).digest(), (key) => verifyWith(key, bytes, signature));
}

/** A DSSE envelope: type and payload are signed together (in-toto DSSE, protocol.md). */
export function envelopeContent(payloadType: string, payload: Buffer, signature: Buffer): SignatureContent {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  const signed = Buffer.concat([Buffer.from(head), payload]);
  return contentOf(signature, createHash('sha256').update(payload).digest(), (key) => verifyWith(key, signed, signature));
}

export interface MessageSignature {
  hash: HashName;
  /** What the bundle says of the bytes. */
  digest: Buffer;
  signature: Buffer;
}

/**
 * A signature over the subject's bytes, which are read once and not kept. Throws a Refusal where the bundle is of other bytes; fails with
 * digest_mismatch where the bytes are not the subject's, and as reading them does.
 */
export async function streamContent(
  subject: SignedSubject,
  message: MessageSignature,
  key: KeyObject,
): Promise<SignatureContent> {
  const { hash: name, digest, signature } = message;
  if (!subject.read) throw new Refusal('it signs bytes, not a digest, and the bytes are not at hand');
  const whole = key.asymmetricKeyType === 'ed25519' ? new Pieces() : undefined;
  const [own, named, verifier] = [createHash('sha256'), createHash(name), createVerify(name)];
  for await (const chunk of subject.read()) {
    for (const sink of [own, named, whole ?? verifier]) sink.update(chunk);
  }
  const actual = `sha256:${own.digest('hex')}`;
  if (actual !== subject.digest) throw new ChandleryError('digest_mismatch', `the bytes are ${actual}, not ${subject.digest}`);
  // Of all that a bundle says this is what the library does not hold against the bytes.
  if (!isEqual(named.digest(), digest)) throw new Refusal('the signature is of other bytes');
  return contentOf(signature, digest, (used) => {
    if (!used.equals(key)) return false;
    return whole ? verify(null, whole.bytes(), key, signature) : verifier.verify(key, signature);
  });
}

class Pieces {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  update(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length > MAX_WHOLE_BYTES)
      throw new ChandleryError(
        'too_large',
        `an Ed25519 signature is verified for at most ${MAX_WHOLE_BYTES} bytes; sign with ECDSA`,
      );
    this.#pieces.push(Uint8Array.from(piece));
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

function contentOf(signature: Buffer, digest: Buffer, verifySignature: (key: KeyObject) => boolean): SignatureContent {
  return {
    signature,
    compareSignature: (other) => isEqual(other, signature),
    compareDigest: (other) => isEqual(other, digest),
    verifySignature,
  };
}

function verifyWith(key: KeyObject, bytes: Buffer, signature: Buffer): boolean {
  const hash = hashOf('of the signature', key);
  return verify(key.asymmetricKeyType === 'ed25519' ? null : hash, bytes, key, signature);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
