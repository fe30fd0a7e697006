import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createSecretMaker } from '../../../src/adapters/secret-maker/index.ts';

const KEY = { cluster: 'local', namespace: 'shop', name: 'db' };
const maker = createSecretMaker();

describe('a generated password', () => {
  const secret = { name: 'password', keys: ['password'], generated: 'password' as const, present: true };

  it('has 24 characters that need no quoting, and is another one each time', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, () => maker.make(secret, KEY)));
    for (const { password } of made) expect(password).toMatch(/^[A-Za-z0-9]{24}$/);
    expect(new Set(made.map(({ password }) => password)).size).toBe(50);
  });

  it('keeps to the lengths of its schema', async () => {
    expect((await maker.make({ ...secret, minLength: 40 }, KEY)).password).toHaveLength(40);
    expect((await maker.make({ ...secret, maxLength: 8 }, KEY)).password).toHaveLength(8);
  });
});

describe('a generated certificate', () => {
  const secret = { name: 'tls', keys: ['tls.crt', 'tls.key'], generated: 'certificate' as const, present: true };

  it('fits its key, is signed by it and names the Service', async () => {
    const made = await maker.make(secret, KEY);
    const certificate = new X509Certificate(made['tls.crt'] ?? '');
    const key = createPrivateKey(made['tls.key'] ?? '');
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    for (const host of ['db', 'db.shop', 'db.shop.svc', 'db.shop.svc.cluster.local', 'localhost'])
      expect(certificate.checkHost(host)).toBe(host);
    expect(Date.parse(certificate.validTo) - Date.now()).toBeGreaterThan(9 * 365 * 86_400_000);
  });
});
