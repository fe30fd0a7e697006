import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { EncryptionCodec } from '../../src/client/codec.ts';

describe('EncryptionCodec', () => {
  const codec = new EncryptionCodec(randomBytes(32));
  const payload = defaultPayloadConverter.toPayload({ ref: 'shop' });

  it('gives back what it encrypted, and shows nothing of it', async () => {
    const [encrypted] = await codec.encode([payload]);
    expect(Buffer.from(encrypted?.data ?? []).includes('shop')).toBe(false);
    const [decrypted] = await codec.decode(encrypted ? [encrypted] : []);
    expect(defaultPayloadConverter.fromPayload(decrypted ?? {})).toEqual({ ref: 'shop' });
  });

  it('encrypts the same payload to other bytes each time', async () => {
    const [[first], [second]] = [await codec.encode([payload]), await codec.encode([payload])];
    expect(first?.data).not.toEqual(second?.data);
  });

  it('reads what was written before there was a key', async () => {
    expect(await codec.decode([payload])).toEqual([payload]);
  });

  it('refuses a payload of another key, and one that was changed', async () => {
    const [encrypted] = await codec.encode([payload]);
    if (!encrypted?.data) throw new Error('nothing was encrypted');
    await expect(new EncryptionCodec(randomBytes(32)).decode([encrypted])).rejects.toThrow(/another key/);
    const changed = Buffer.from(encrypted.data);
    changed[20] = (changed[20] ?? 0) ^ 1;
    await expect(codec.decode([{ ...encrypted, data: changed }])).rejects.toThrow();
  });
});
