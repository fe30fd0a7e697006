import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { SEALING_KEY_BYTES, seal, sealingKeyId, unseal } from '../../src/domain/sealing.ts';

const key = randomBytes(SEALING_KEY_BYTES);
const text = Buffer.from('a credential');

describe('sealing', () => {
  it('gives back what was sealed, and looks different each time', () => {
    const sealed = seal(key, text, 'place');
    expect(unseal(key, sealed, 'place').toString()).toBe('a credential');
    expect(seal(key, text, 'place').equals(sealed)).toBe(false);
    expect(sealed.includes(text)).toBe(false);
  });

  it('opens nothing for another key, another place, or a single changed bit', () => {
    const sealed = seal(key, text, 'place');
    expect(() => unseal(randomBytes(SEALING_KEY_BYTES), sealed, 'place')).toThrow();
    expect(() => unseal(key, sealed, 'elsewhere')).toThrow();
    expect(() => unseal(key, sealed)).toThrow();
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => unseal(key, changed, 'place')).toThrow();
    }
    for (let length = 0; length < sealed.length; length += 1)
      expect(() => unseal(key, sealed.subarray(0, length), 'place')).toThrow();
  });

  it('names a key without holding any of it', () => {
    expect(sealingKeyId(key)).toMatch(/^[0-9a-f]{16}$/);
    expect(key.toString('hex')).not.toContain(sealingKeyId(key));
  });
});
