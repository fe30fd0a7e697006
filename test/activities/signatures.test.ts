import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { packDirectory } from '../../src/adapters/archive/pack.ts';
import { createCelEngine } from '../../src/adapters/policy/cel-engine.ts';
import { trustedKey } from '../../src/adapters/sigstore/keys.ts';
import { signBytes } from '../../src/adapters/sigstore/sign.ts';
import { builtInTrustedRoot } from '../../src/adapters/sigstore/trusted-root.ts';
import { createSignatureVerifier } from '../../src/adapters/sigstore/verifier.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import { bookOf } from '../../src/domain/policy/book.ts';
import { parsePolicyFile } from '../../src/domain/policy/policy-file.ts';
import type { RegistryPlugin } from '../../src/domain/registry.ts';
import { startRegistryServer } from '../../src/registry.ts';
import { type ActivityLab, openActivityLab } from '../support/activity-lab.ts';
import { createRegistryFolder, type RegistryFolder } from '../support/registry-folder.ts';
import { KindLab } from '../support/registry-kinds.ts';
import { bytesOf, type Chain, IDENTITY, ISSUER, openChain } from '../support/sigstore/chain.ts';

/** Signatures as an install meets them: they lie in a real registry, and are verified before anything is stored for good. */

const kinds = new KindLab();
const engine = createCelEngine();
const [RELEASE, OTHER, STRANGER] = [keyPair(), keyPair(), keyPair()];
let folder: RegistryFolder;
let server: Awaited<ReturnType<typeof startRegistryServer>>;
let lab: ActivityLab;
let chain: Chain;
let unreadable: ChandleryError | undefined;
let hangs = false;
let last = 0;

/** All of them lie there from the start: a folder is not read again at every question. Signatures are. */
const NAMES = Array.from({ length: 30 }, (_, at) => `shop-${at}`);
const VERSIONS = ['1.0.0', '1.1.0', '1.2.0', '1.3.0'];
const unused = [...NAMES];

function keyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

beforeAll(async () => {
  folder = await createRegistryFolder(NAMES.flatMap((name) => VERSIONS.map((version) => ({ name, version }))));
  server = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'r', templatesDir: folder.dir });
  const real = kinds.open('chandlery', server.url);
  const registry: RegistryPlugin = {
    ...real,
    async signatures(...asked) {
      if (unreadable) throw unreadable;
      const [, , signal] = asked;
      if (hangs) await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
      const set = await real.signatures?.(...asked);
      if (!set) throw new Error('the registry has no place for signatures');
      return set;
    },
  };
  lab = await openActivityLab(registry);
  chain = await openChain();
}, 60_000);
afterAll(async () => {
  await engine.close();
  await lab?.close();
  await kinds.close();
  await server?.close();
  await folder?.remove();
}, 60_000);
beforeEach(() => {
  unreadable = undefined;
  hangs = false;
  delete lab.deps.policies;
  trust();
});

/** What the server knows: the keys `release` and `other`, and a Sigstore. */
function trust(root = builtInTrustedRoot()): void {
  const keys = [trustedKey('release', RELEASE.publicKey), trustedKey('other', OTHER.publicKey)];
  lab.deps.signatures = createSignatureVerifier({ root, keys });
}

function policy(spec: string): void {
  const text = `apiVersion: chandlery.dev/v1\nmetadata: { name: test }\nkind: RegistryPolicy\nspec: { types: [official, community, institutional, private], ${spec} }\n`;
  lab.deps.policies = { book: bookOf([parsePolicyFile(text, 'test.yaml', engine)]), engine };
}

const BY_KEY = 'require: signature, keys: [release]';
const BY_IDENTITY = `require: signature, identities: [{ identity: '${IDENTITY}', issuer: '${ISSUER}' }]`;

/** A template of its own for each test: registries are held to what they said before. */
async function template(version = '1.0.0', name = unused.pop() ?? 'none is left') {
  return { name, version, bytes: await packDirectory(join(folder.dir, name, version)) };
}
const place = ({ name, version }: { name: string; version: string }) => `${name}/${version}.tar.sigstore.json`;
const bundleBy = async ({ privateKey }: { privateKey: KeyObject }, bytes: Buffer) =>
  (
    await signBytes(
      (async function* () {
        yield bytes;
      })(),
      privateKey,
    )
  ).bundle;

async function signedBy(key: { privateKey: KeyObject }, version?: string, name?: string) {
  const made = await template(version, name);
  await folder.write(place(made), await bundleBy(key, made.bytes));
  return made;
}

const install = ({ name, version }: { name: string; version: string }, namespace = `team-${++last}`) =>
  lab.install(namespace, name, version);

async function refusal(made: { name: string; version: string }): Promise<{ code: unknown; message: string }> {
  const namespace = `team-${++last}`;
  const failure = await install(made, namespace).then(
    () => undefined,
    (error: { type?: unknown; message: string }) => error,
  );
  expect(await lab.store.installs.list(LOCAL_CLUSTER, namespace)).toEqual([]);
  return { code: failure?.type, message: failure?.message ?? 'it was installed' };
}

describe('where a signature of a key is required', () => {
  beforeEach(() => policy(BY_KEY));

  it('lets in what the key signed, and the record says by whom', async () => {
    const { record } = await install(await signedBy(RELEASE));
    expect(record.decision?.rules).toContainEqual(
      expect.objectContaining({
        rule: 'require',
        verdict: 'passed',
        why: expect.stringMatching(/^signed with the required key release \(sha256:[0-9a-f]{64}\)/),
      }),
    );
  });

  it('refuses a missing signature', async () => {
    const { code, message } = await refusal(await template());
    expect([code, message]).toEqual(['signature_invalid', expect.stringContaining('a verified signature is required here')]);
  });

  it('refuses a tampered signature', async () => {
    const made = await template();
    const bundle = JSON.parse(await bundleBy(RELEASE, made.bytes));
    const signature = Buffer.from(bundle.messageSignature.signature, 'base64');
    signature.writeUInt8(signature.readUInt8(20) ^ 1, 20);
    bundle.messageSignature.signature = signature.toString('base64');
    await folder.write(place(made), JSON.stringify(bundle));
    const { code, message } = await refusal(made);
    expect([code, message]).toEqual(['untrusted', expect.stringContaining('signature-holds: the signature does not hold')]);
  });

  it('refuses the signature of another artifact', async () => {
    const [made, other] = [await template(), await template()];
    await folder.write(place(made), await bundleBy(RELEASE, other.bytes));
    expect((await refusal(made)).code).toBe('untrusted');
  });

  it('refuses a right signature by the wrong key', async () => {
    const { code, message } = await refusal(await signedBy(OTHER));
    expect([code, message]).toEqual(['signature_invalid', expect.stringContaining('not among those who may sign')]);
  });

  it('refuses the key of somebody whom nobody knows', async () => {
    expect((await refusal(await signedBy(STRANGER))).code).toBe('signature_invalid');
  });

  it('refuses what was signed when signatures cannot be read any more', async () => {
    const made = await signedBy(RELEASE);
    await install(made);
    unreadable = new ChandleryError('registry_unavailable', 'the registry is away');
    expect((await refusal(made)).code).toBe('registry_unavailable');
  });

  it('refuses what it let in a moment ago when the signature is taken away', async () => {
    const made = await signedBy(RELEASE);
    await install(made);
    await rm(join(folder.dir, place(made)));
    expect(['signature_invalid', 'untrusted']).toContain((await refusal(made)).code);
  });
});

describe('where the signature of a workflow is required', () => {
  beforeEach(() => {
    trust(chain.root);
    policy(BY_IDENTITY);
  });

  it('lets in what that workflow signed', async () => {
    const made = await template();
    await folder.write(place(made), bytesOf(await chain.sign(made.bytes)));
    const { record } = await install(made);
    expect(record.decision?.rules).toContainEqual(
      expect.objectContaining({ rule: 'signature-holds', why: `signed by ${IDENTITY}, vouched for by ${ISSUER}` }),
    );
  });

  it('refuses a right signature of the wrong identity', async () => {
    const made = await template();
    const identity = IDENTITY.replace('acme', 'acme-evil');
    await folder.write(place(made), bytesOf(await chain.sign(made.bytes, { identity })));
    expect((await refusal(made)).code).toBe('signature_invalid');
  });

  it('refuses the right identity of the wrong issuer', async () => {
    const made = await template();
    const issuer = 'https://token.example.org';
    await folder.write(place(made), bytesOf(await chain.sign(made.bytes, { issuer })));
    expect((await refusal(made)).code).toBe('signature_invalid');
  });

  it('refuses the right identity of another Sigstore', async () => {
    const made = await template();
    await folder.write(place(made), bytesOf(await (await openChain()).sign(made.bytes)));
    expect((await refusal(made)).code).toBe('signature_invalid');
  });

  it('refuses a log entry for another digest', async () => {
    const made = await template();
    await folder.write(place(made), bytesOf(await chain.sign(made.bytes, { loggedBytes: Buffer.from('other') })));
    expect((await refusal(made)).code).toBe('untrusted');
  });
});

describe('where nobody asks for signatures', () => {
  it('refuses one that does not hold all the same', async () => {
    const [made, other] = [await template(), await template()];
    await folder.write(place(made), await bundleBy(RELEASE, other.bytes));
    expect((await refusal(made)).code).toBe('untrusted');
  });

  it('says of a signature that holds no more than that: its identity is unverified', async () => {
    const { record } = await install(await signedBy(RELEASE));
    expect(record.decision?.rules).toContainEqual(
      expect.objectContaining({ rule: 'signature-holds', why: expect.stringContaining('(unverified identity)') }),
    );
  });

  it('lets in what a stranger signed, and does not call it signed', async () => {
    const { record } = await install(await signedBy(STRANGER));
    expect(record.decision?.rules).toContainEqual(
      expect.objectContaining({ rule: 'signature-holds', why: expect.stringContaining('cannot be verified here') }),
    );
  });

  it('lets in what has none, also when nobody can tell', async () => {
    const made = await template();
    unreadable = new ChandleryError('registry_unavailable', 'the registry is away');
    expect((await install(made)).record.name).toBe(made.name);
  });

  it('waits no longer than some seconds for a registry that does not answer', async () => {
    hangs = true;
    const made = await template();
    expect((await install(made)).record.name).toBe(made.name);
  }, 20_000);
});

describe('a changed signer', () => {
  it('is refused, by another key or by none', async () => {
    const first = await signedBy(RELEASE);
    await install(first);
    const second = await signedBy(OTHER, '1.1.0', first.name);
    expect((await refusal(second)).code).toBe('untrusted');
    const third = await template('1.2.0', first.name);
    const { code, message } = await refusal(third);
    expect([code, message]).toEqual(['untrusted', expect.stringContaining('this one is not signed')]);
    const fourth = await signedBy(RELEASE, '1.3.0', first.name);
    expect((await install(fourth)).record.version).toBe('1.3.0');
  });

  it('is not passed over when the signatures cannot be read', async () => {
    const first = await signedBy(RELEASE);
    await install(first);
    const second = await template('1.1.0', first.name);
    unreadable = new ChandleryError('registry_unavailable', 'the registry is away');
    expect((await refusal(second)).code).toBe('registry_unavailable');
  });

  it('is not what a workflow is that runs for the next tag', async () => {
    trust(chain.root);
    const first = await template();
    await folder.write(place(first), bytesOf(await chain.sign(first.bytes)));
    await install(first);
    const second = await template('1.1.0', first.name);
    const identity = IDENTITY.replace('v1.0.0', 'v1.1.0');
    await folder.write(place(second), bytesOf(await chain.sign(second.bytes, { identity })));
    expect((await install(second)).record.version).toBe('1.1.0');
    const third = await template('1.2.0', first.name);
    const other = identity.replace('release.yml', 'test.yml');
    await folder.write(place(third), bytesOf(await chain.sign(third.bytes, { identity: other })));
    expect((await refusal(third)).code).toBe('untrusted');
  });
});
