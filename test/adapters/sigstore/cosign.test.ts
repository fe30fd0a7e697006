import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createOciClient, type OciClient } from '../../../src/adapters/oci/client.ts';
import { readSignatures } from '../../../src/adapters/oci/signatures.ts';
import { readPublicKey, type TrustedKey, trustedKey } from '../../../src/adapters/sigstore/keys.ts';
import { createSignatureVerifier } from '../../../src/adapters/sigstore/verifier.ts';
import type { SignatureDocument, SignatureVerifier } from '../../../src/domain/signature.ts';
import { fileBytes, signWithKeyFile } from '../../../src/signing.ts';
import { acquireCosign } from '../../../tools/cosign.ts';
import { pushArtifact } from '../../support/oci/push.ts';
import { type OciServer, startDistribution } from '../../support/oci/server.ts';
import { openChain } from '../../support/sigstore/chain.ts';

/** Signatures by the real cosign, in a real registry. */

const run = promisify(execFile);
const REPOSITORY = 'acme/cache';
/** No log and no timestamp authority: nothing here may need the network. */
const NO_SERVICES = '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}';
/** A first build of cosign on a small machine. */
const BUILD_TIMEOUT_MS = 900_000;

let program: string;
let home: string;
let server: OciServer;
let client: GuardedClient;
let oci: OciClient;
let key: TrustedKey;
let verifier: SignatureVerifier;
let trustedRoot: TrustedRoot;

beforeAll(async () => {
  const cacheDir = process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
  program = await acquireCosign({ cacheDir, env: process.env, log: (line) => process.stderr.write(`${line}\n`) });
  home = await mkdtemp(join(tmpdir(), 'chandlery-cosign-'));
  server = await startDistribution();
  client = createGuardedClient({ development: true, allow: [] });
  oci = createOciClient({ client, registry: 'harbour', origin: server.url });
  const { root } = await openChain();
  await writeFile(join(home, 'services.json'), NO_SERVICES);
  await writeFile(join(home, 'root.json'), JSON.stringify(TrustedRoot.toJSON(root)));
  await cosign('generate-key-pair');
  key = readPublicKey('release', await readFile(join(home, 'cosign.pub'), 'utf8'));
  trustedRoot = root;
  verifier = createSignatureVerifier({ root, keys: [key] });
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  await client?.close();
  await server?.close();
  if (home) await rm(home, { recursive: true, force: true });
});

async function cosign(...words: string[]): Promise<void> {
  await run(program, words, { cwd: home, env: { PATH: process.env.PATH, HOME: home, COSIGN_PASSWORD: 'cosign-pass-0123' } });
}

async function push(content: string): Promise<{ digest: string; reference: string }> {
  const { digest } = await pushArtifact(server, {
    repository: REPOSITORY,
    tags: [],
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      bytes: Buffer.from('{"os":"linux","architecture":"amd64"}'),
    },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: Buffer.from(content) }],
  });
  return { digest, reference: `${server.host}/${REPOSITORY}@${digest}` };
}

/** Where cosign 2 puts the signature itself. */
const SIGNATURE = 'dev.cosignproject.cosign/signature';

/** The bytes with one bit changed, for every byte in turn. */
function* flipsOf(bytes: Uint8Array): Generator<[at: number, damaged: Buffer]> {
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (at % 8)), at);
    yield [at, damaged];
  }
}

/** Each is named by where it is damaged. */
function* damagedOf(document: SignatureDocument): Generator<SignatureDocument> {
  if (document.form === 'bundle') {
    for (const [at, bytes] of flipsOf(document.bytes)) yield { ...document, bytes, origin: `bundle, byte ${at}` };
    return;
  }
  for (const [at, payload] of flipsOf(document.payload)) yield { ...document, payload, origin: `payload, byte ${at}` };
  const signature = Buffer.from(document.annotations[SIGNATURE] ?? '', 'base64');
  for (const [at, damaged] of flipsOf(signature)) {
    const annotations = { ...document.annotations, [SIGNATURE]: damaged.toString('base64') };
    yield { ...document, annotations, origin: `signature, byte ${at}` };
  }
}

const NEW_FORM = ['--signing-config', 'services.json', '--trusted-root', 'root.json'];
const OLD_FORM = ['--new-bundle-format=false', '--use-signing-config=false', '--tlog-upload=false'];

describe.each([
  ['cosign 3 (bundle, referrers)', NEW_FORM, 'bundle'],
  ['the older form (tag)', OLD_FORM, 'cosign'],
] as const)('an image signed by %s', (_, form, kind) => {
  let signed: { digest: string; reference: string };
  let documents: SignatureDocument[];
  beforeAll(async () => {
    signed = await push(`content for ${kind}`);
    await cosign('sign', '--yes', '--key', 'cosign.key', ...form, signed.reference);
    documents = [];
    for await (const each of readSignatures(oci, REPOSITORY, signed.digest)) documents.push(each);
  }, 60_000);

  it('is verified by its key', async () => {
    expect(documents.map((document) => document.form)).toEqual([kind]);
    const verdict = await verifier.verify({ digest: signed.digest }, documents, { keys: ['release'] });
    expect(verdict).toMatchObject({ state: 'verified', holding: [{ signer: { kind: 'key', key: 'release' }, logged: false }] });
  });

  it('does not sign another image', async () => {
    const other = await push(`another for ${kind}`);
    const verdict = await verifier.verify({ digest: other.digest }, documents, { keys: ['release'] });
    expect(verdict).toMatchObject({ state: 'refused', refused: [{ reason: 'the signature is of something else' }] });
  });

  it('is not verified by another key', async () => {
    const stranger = trustedKey('release', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey);
    const others = createSignatureVerifier({ root: trustedRoot, keys: [stranger] });
    expect(await others.verify({ digest: signed.digest }, documents, { keys: ['release'] })).toMatchObject({
      state: 'refused',
      holding: [],
    });
  });

  it('is refused after one changed bit, in every byte of it', async () => {
    for (const document of documents) {
      for (const changed of damagedOf(document)) {
        const verdict = await verifier.verify({ digest: signed.digest }, [changed], { keys: ['release'] });
        expect([changed.origin, verdict.holding]).toEqual([changed.origin, []]);
      }
    }
  });
});

describe('an archive', () => {
  const ARCHIVE = Buffer.from('the bytes of an archive');

  it('signed by cosign is verified', async () => {
    const file = join(home, 'archive.tar');
    await writeFile(file, ARCHIVE);
    await cosign('sign-blob', '--yes', '--key', 'cosign.key', ...NEW_FORM, '--bundle', 'archive.json', 'archive.tar');
    const digest = `sha256:${createHash('sha256').update(ARCHIVE).digest('hex')}`;
    const documents = [{ form: 'bundle', origin: 'archive.json', bytes: await readFile(join(home, 'archive.json')) } as const];
    const verdict = await verifier.verify({ digest, read: fileBytes(file) }, documents, { keys: ['release'] });
    expect(verdict).toMatchObject({ state: 'verified' });
  });

  it('signed by us is verified by cosign, and refused after a change', async () => {
    const file = join(home, 'ours.tar');
    await writeFile(file, ARCHIVE);
    await run('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', join(home, 'ours.pem')]);
    await run('openssl', ['pkey', '-in', join(home, 'ours.pem'), '-pubout', '-out', join(home, 'ours.pub')]);
    const { bundle } = await signWithKeyFile(fileBytes(file)(), { keyFile: join(home, 'ours.pem') });
    await writeFile(join(home, 'ours.json'), bundle);
    const verify = [
      'verify-blob',
      '--key',
      'ours.pub',
      '--bundle',
      'ours.json',
      '--trusted-root',
      'root.json',
      '--insecure-ignore-tlog',
      'ours.tar',
    ];
    await cosign(...verify);
    await writeFile(file, 'the bytes of another archive');
    await expect(cosign(...verify)).rejects.toThrow();
  });
});
