import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { ValueError } from '@temporalio/common';
import proto from '@temporalio/proto';
import { seal, sealingKeyId, unseal } from '../domain/sealing.ts';

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
    this.#keyId = Buffer.from(sealingKeyId(key));
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => ({
      metadata: { encoding: ENCODING, 'encryption-key-id': this.#keyId },
      data: seal(this.#key, PayloadType.encode(payload).finish()),
    }));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) =>
      this.#isOurs(payload) ? PayloadType.decode(unseal(this.#key, payload.data ?? new Uint8Array())) : payload,
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
}

/** The converter of client and worker alike; empty without a key. */
export function dataConverter(key: Buffer | undefined): { dataConverter?: DataConverter } {
  return key ? { dataConverter: { payloadCodecs: [new EncryptionCodec(key)] } } : {};
}
