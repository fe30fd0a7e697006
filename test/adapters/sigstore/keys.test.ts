import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { readPrivateKey, readPublicKey, trustedKey } from '../../../src/adapters/sigstore/keys.ts';
import { signBytes } from '../../../src/adapters/sigstore/sign.ts';
import { builtInTrustedRoot, parseTrustedRoot } from '../../../src/adapters/sigstore/trusted-root.ts';
import { createSignatureVerifier } from '../../../src/adapters/sigstore/verifier.ts';
import { openChain } from '../../support/sigstore/chain.ts';

const BYTES = Buffer.from('the bytes of an archive');
const DIGEST = `sha256:${createHash('sha256').update(BYTES).digest('hex')}`;
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield BYTES.subarray(0, 4);
  yield BYTES.subarray(4);
}

const KINDS: Record<string, () => KeyObject> = {
  'ECDSA P-256': () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey,
  'ECDSA P-384': () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey,
  'ECDSA P-521': () => generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).privateKey,
  Ed25519: () => generateKeyPairSync('ed25519').privateKey,
  'RSA 2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
};

describe.each(Object.entries(KINDS))('a key of kind %s', (_, generate) => {
  it('signs, and is verified by itself only', async () => {
    const [own, other] = [generate(), generate()];
    const { bundle, digest, fingerprint } = await signBytes(pieces(), readPrivateKey('own', pem(own)));
    expect(digest).toBe(DIGEST);
    const documents = [{ form: 'bundle', origin: 'test', bytes: Buffer.from(bundle) } as const];
    const keys = [trustedKey('release', createPublicKey(own)), trustedKey('old', createPublicKey(other))];
    const verifier = createSignatureVerifier({ root: builtInTrustedRoot(), keys });
    const subject = { digest: DIGEST, read: pieces };
    expect(await verifier.verify(subject, documents, { keys: ['release'] })).toMatchObject({
      state: 'verified',
      holding: [{ signer: { kind: 'key', key: 'release', fingerprint }, matched: true, logged: false }],
    });
    expect(await verifier.verify(subject, documents, { keys: ['old'] })).toMatchObject({ state: 'unmatched' });
    const without = createSignatureVerifier({ root: builtInTrustedRoot(), keys: keys.slice(1) });
    expect(await without.verify(subject, documents, { keys: ['old'] })).toMatchObject({
      state: 'refused',
      refused: [{ reason: 'it is made with another key than those that are trusted' }],
    });
  });
});

describe('readPublicKey', () => {
  it.each([
    ['a private key', pem(generateKeyPairSync('ed25519').privateKey)],
    ['nothing', ''],
    ['a broken key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'],
    [
      'a short RSA key',
      generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ],
    ['a key that does not sign', generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()],
  ])('refuses %s', async (_, text) => {
    await expect(() => readPublicKey('release', text)).toFailWith('config_invalid');
  });
});

describe('readPrivateKey', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const encrypted = privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
    .toString();

  it('takes a passphrase', () => {
    expect(readPrivateKey('release', encrypted, 'open sesame').equals(privateKey)).toBe(true);
  });

  it('says what is missing, and nothing of the key', async () => {
    await expect(() => readPrivateKey('release', encrypted)).toFailWith('config_invalid');
    await expect(() => readPrivateKey('release', encrypted, 'wrong')).toFailWith('config_invalid');
    const cosign = '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n';
    expect(() => readPrivateKey('release', cosign)).toThrow(/sign with cosign/);
    expect(() => readPrivateKey('release', encrypted, 'wrong')).toThrow(
      /^the key release cannot be read as a key; its passphrase may be wrong$/,
    );
  });
});

describe('the trusted root', () => {
  it('that comes with a release is the public Sigstore’s, and does not know others', async () => {
    const root = builtInTrustedRoot();
    expect(root.tlogs.map(({ baseUrl }) => baseUrl)).toContain('https://rekor.sigstore.dev');
    expect(root.certificateAuthorities.length).toBeGreaterThan(0);
    const chain = await openChain();
    const bytes = Buffer.from(JSON.stringify(await chain.sign(BYTES)));
    const verifier = createSignatureVerifier({ root, keys: [] });
    expect(await verifier.verify({ digest: DIGEST, read: pieces }, [{ form: 'bundle', origin: 'test', bytes }])).toMatchObject({
      state: 'refused',
      refused: [{ reason: 'no authority of the trusted root issued the certificate' }],
    });
  });

  it.each(['', 'null', '[]', '{}', '{"tlogs":3}', '{"certificateAuthorities":[]}'])('refuses %j', async (text) => {
    await expect(() => parseTrustedRoot(text, 'root.json')).toFailWith('config_invalid');
  });
});
