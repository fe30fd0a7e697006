import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** The one way bytes are encrypted: AES-256-GCM (NIST SP 800-38D), a 96-bit nonce before the text, a 128-bit tag behind it. */
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_LENGTH = 16;

/** Bytes of a key. */
export const SEALING_KEY_BYTES = 32;

/** Encrypts. What it is bound to is not in the result, and has to be the same again when it is opened. */
export function seal(key: Buffer, plain: Uint8Array, boundTo = ''): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(boundTo));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Decrypts. Throws when key, bytes or what they were bound to is not the same. */
export function unseal(key: Buffer, sealed: Uint8Array, boundTo = ''): Buffer {
  const bytes = Buffer.from(sealed);
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(boundTo)).setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}

/** Names a key without telling anything about it. */
export function sealingKeyId(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, KEY_ID_LENGTH);
}
