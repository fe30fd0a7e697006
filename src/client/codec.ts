import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { ValueError } from '@temporalio/common';
import proto from '@temporalio/proto';

/** AES-256-GCM (NIST SP 800-38D): a 96-bit nonce, a 128-bit tag behind the text. */
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_LENGTH = 16;
const ENCODING = Buffer.from('binary/encrypted');

const { Payload: PayloadType } = proto.temporal.api.common.v1;

/**
 * Encrypts every payload that goes to the engine, so that inputs, results and memos are unreadable in its database and its UI. Payloads
 * written before the key was set are still read.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #key: Buffer;
  readonly #keyId: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
    // Names the key without telling anything about it.
    this.#keyId = Buffer.from(createHash('sha256').update(key).digest('hex').slice(0, KEY_ID_LENGTH));
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => ({
      metadata: { encoding: ENCODING, 'encryption-key-id': this.#keyId },
      data: this.#encrypt(PayloadType.encode(payload).finish()),
    }));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) =>
      this.#isOurs(payload) ? PayloadType.decode(this.#decrypt(payload.data ?? new Uint8Array())) : payload,
    );
  }

  #isOurs(payload: Payload): boolean {
    const encoding = payload.metadata?.encoding;
    if (!encoding || !ENCODING.equals(encoding)) return false;
    const keyId = payload.metadata?.['encryption-key-id'];
    if (!keyId || !this.#keyId.equals(keyId))
      throw new ValueError('a payload was encrypted with another key than CHANDLERY_CODEC_KEY');
    return true;
  }

  #encrypt(plain: Uint8Array): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  #decrypt(data: Uint8Array): Uint8Array {
    const bytes = Buffer.from(data);
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  }
}

/** The converter of client and worker alike; empty without a key. */
export function dataConverter(key: Buffer | undefined): { dataConverter?: DataConverter } {
  return key ? { dataConverter: { payloadCodecs: [new EncryptionCodec(key)] } } : {};
}
