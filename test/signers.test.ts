import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { signBytes } from '../src/adapters/sigstore/sign.ts';
import { readConfig } from '../src/config.ts';
import { digestOf } from '../src/domain/content-hash.ts';
import { registryPolicySchema } from '../src/domain/policy/registry-policy.ts';
import { openSigners, requireKeys } from '../src/signers.ts';
import { bytesOf, IDENTITY, ISSUER, openChain } from './support/sigstore/chain.ts';

const BYTES = Buffer.from('the bytes of an archive');
const subject = { digest: digestOf(BYTES), read };
async function* read(): AsyncGenerator<Uint8Array> {
  yield BYTES;
}

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-signers-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = (env: Record<string, string>) => openSigners(readConfig(env));
const documentOf = (bytes: Buffer) => [{ form: 'bundle', origin: 'test', bytes } as const];

describe('whom a server knows', () => {
  it('are the keys of CHANDLERY_SIGNING_KEYS, by the names of their files', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    await writeFile(join(dir, 'release.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const { bundle } = await signBytes(read(), privateKey);
    const found = await (await open({ CHANDLERY_SIGNING_KEYS: dir })).verify(subject, documentOf(Buffer.from(bundle)), {
      keys: ['release'],
    });
    expect(found.state).toBe('verified');
    const without = await (await open({})).verify(subject, documentOf(Buffer.from(bundle)), { keys: ['release'] });
    expect(without).toMatchObject({ state: 'refused', refused: [{ unknown: true }] });
  });

  it('are those whom the root of CHANDLERY_TRUSTED_ROOT vouches for', async () => {
    const chain = await openChain();
    const file = join(dir, 'trusted_root.json');
    await writeFile(file, JSON.stringify(TrustedRoot.toJSON(chain.root)));
    const requirement = { identities: [{ identity: IDENTITY, issuer: ISSUER }] };
    const documents = documentOf(bytesOf(await chain.sign(BYTES)));
    expect((await (await open({ CHANDLERY_TRUSTED_ROOT: file })).verify(subject, documents, requirement)).state).toBe('verified');
    expect(await (await open({})).verify(subject, documents, requirement)).toMatchObject({
      state: 'refused',
      refused: [{ unknown: true }],
    });
  });
});

describe('a server whose signers cannot be read does not start', () => {
  it('without the folder, with a key that is none, or one key under two names', async () => {
    await expect(open({ CHANDLERY_SIGNING_KEYS: join(dir, 'none') })).toFailWith('config_invalid');
    const { publicKey } = generateKeyPairSync('ed25519');
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    await writeFile(join(dir, 'release.pub'), pem);
    await writeFile(join(dir, 'other.pub'), pem);
    await expect(open({ CHANDLERY_SIGNING_KEYS: dir })).toFailWith('config_invalid');
    await writeFile(join(dir, 'other.pub'), 'no key');
    await expect(open({ CHANDLERY_SIGNING_KEYS: dir })).toFailWith('config_invalid');
  });

  it('with a policy that names a key that is not there', async () => {
    const signers = await open({});
    const policy = (spec: object) => ({ registryPolicies: [registryPolicySchema.parse({ types: ['private'], ...spec })] });
    await expect(() => requireKeys(policy({ keys: ['release'] }), signers)).toFailWith('config_invalid');
    await expect(() => requireKeys(policy({ images: { keys: ['release'] } }), signers)).toFailWith('config_invalid');
    expect(requireKeys(policy({ images: 'any' }), signers)).toBeUndefined();
    const known = { ...signers, keys: new Set(['release']) };
    expect(requireKeys(policy({ keys: ['release'], images: { keys: ['release'] } }), known)).toBeUndefined();
  });

  it('without the root, or with one that is none', async () => {
    await expect(open({ CHANDLERY_TRUSTED_ROOT: join(dir, 'none') })).toFailWith('config_invalid');
    await writeFile(join(dir, 'root.json'), '{}');
    await expect(open({ CHANDLERY_TRUSTED_ROOT: join(dir, 'root.json') })).toFailWith('config_invalid');
    await mkdir(join(dir, 'folder'));
    await expect(open({ CHANDLERY_TRUSTED_ROOT: join(dir, 'folder') })).toFailWith('config_invalid');
  });
});
