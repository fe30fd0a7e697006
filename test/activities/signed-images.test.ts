import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkImages } from '../../activities/check-images.ts';
import { createGuardedClient, type GuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createImageSignatures } from '../../src/adapters/oci/image-signatures.ts';
import { createCelEngine } from '../../src/adapters/policy/cel-engine.ts';
import { createImageRegistries } from '../../src/adapters/registries/oci-images.ts';
import { trustedKey } from '../../src/adapters/sigstore/keys.ts';
import { builtInTrustedRoot } from '../../src/adapters/sigstore/trusted-root.ts';
import { createSignatureVerifier } from '../../src/adapters/sigstore/verifier.ts';
import { bookOf } from '../../src/domain/policy/book.ts';
import { parsePolicyFile } from '../../src/domain/policy/policy-file.ts';
import { parseRegistriesConfig } from '../../src/domain/registries-config.ts';
import { startRegistryServer } from '../../src/registry.ts';
import { type ActivityLab, openActivityLab } from '../support/activity-lab.ts';
import { type BlobDescriptor, pushArtifact } from '../support/oci/push.ts';
import { type OciServer, startMemoryRegistry } from '../support/oci/server.ts';
import { createRegistryFolder, type RegistryFolder } from '../support/registry-folder.ts';
import { KindLab } from '../support/registry-kinds.ts';
import { BUNDLE, statementBundle } from '../support/sigstore/statement.ts';

/** Images that templates name, where the policy of the templates' registry wants them signed: a real OCI registry, store and install. */

const REPOSITORY = 'acme/shop';
const [RELEASE, OTHER] = [keyPair(), keyPair()];
const engine = createCelEngine();
const kinds = new KindLab();
let images: OciServer;
let stranger: Server;
let strangerHost: string;
let calls = 0;
let client: GuardedClient;
let folder: RegistryFolder;
let server: Awaited<ReturnType<typeof startRegistryServer>>;
let lab: ActivityLab;
let host: string;
let signed: BlobDescriptor;
let unsigned: BlobDescriptor;
let byOther: BlobDescriptor;
let ofAnother: BlobDescriptor;
let last = 0;

function keyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

const push = (tag: string) =>
  pushArtifact(images, {
    repository: REPOSITORY,
    tags: [tag],
    layers: [{ mediaType: 'text/plain', bytes: Buffer.from(`image ${tag}`) }],
  });
const attach = (subject: BlobDescriptor, bytes: Buffer) =>
  pushArtifact(images, {
    repository: REPOSITORY,
    tags: [],
    artifactType: BUNDLE,
    layers: [{ mediaType: BUNDLE, bytes }],
    subject,
  });
const pod = (image: string) => ({
  'manifests/pod.yaml': JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: { initContainers: [{ name: 'init', image }], containers: [{ name: 'web', image }] },
  }),
});

beforeAll(async () => {
  images = await startMemoryRegistry();
  host = new URL(images.url).host;
  stranger = createServer((_request, response) => {
    calls += 1;
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => stranger.once('listening', resolve));
  strangerHost = `127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  [signed, unsigned, byOther, ofAnother] = await Promise.all([push('v1'), push('v2'), push('v3'), push('v4')]);
  await attach(signed, statementBundle(signed.digest, RELEASE.privateKey, RELEASE.publicKey));
  await attach(byOther, statementBundle(byOther.digest, OTHER.privateKey, OTHER.publicKey));
  await attach(ofAnother, statementBundle(signed.digest, RELEASE.privateKey, RELEASE.publicKey));
  const at = (name: string) => `${host}/${REPOSITORY}${name}`;
  folder = await createRegistryFolder([
    { name: 'signed', version: '1.0.0', files: pod(at(`:v1@${signed.digest}`)) },
    { name: 'unsigned', version: '1.0.0', files: pod(at(`@${unsigned.digest}`)) },
    { name: 'by-other', version: '1.0.0', files: pod(at(`@${byOther.digest}`)) },
    { name: 'of-another', version: '1.0.0', files: pod(at(`@${ofAnother.digest}`)) },
    { name: 'by-tag', version: '1.0.0', files: pod(at(':v1')) },
    { name: 'elsewhere', version: '1.0.0', files: pod(`${strangerHost}/acme/shop@${signed.digest}`) },
    { name: 'imageless', version: '1.0.0' },
  ]);
  server = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'r', templatesDir: folder.dir });
  lab = await openActivityLab(kinds.open('chandlery', server.url));
  client = createGuardedClient({ development: true, allow: [] });
  const config = { registries: [{ name: 'harbour', type: 'private', kind: 'oci', url: `${images.url}/acme` }] };
  const { registries } = parseRegistriesConfig(JSON.stringify(config), 'registries.yaml', {});
  expect(registries).toHaveLength(1);
  const keys = [trustedKey('release', RELEASE.publicKey), trustedKey('other', OTHER.publicKey)];
  const verifier = createSignatureVerifier({ root: builtInTrustedRoot(), keys });
  lab.deps.images = createImageSignatures({ verifier, open: createImageRegistries({ client, configured: () => registries }) });
  policy();
}, 180_000);
afterAll(async () => {
  await engine.close();
  await lab?.close();
  await kinds.close();
  await client?.close();
  await server?.close();
  await images?.close();
  stranger?.close();
  await folder?.remove();
}, 60_000);

function policy(...more: string[]): void {
  const head = 'apiVersion: chandlery.dev/v1\nmetadata: { name: test }\n';
  const demand = 'kind: RegistryPolicy\nspec: { registries: [r], images: { keys: [release] } }\n';
  const text = [demand, ...more].map((document) => `${head}${document}`).join('\n---\n');
  lab.deps.policies = { book: bookOf([parsePolicyFile(text, 'test.yaml', engine)]), engine };
}

const install = (name: string) => lab.install(`team-${++last}`, name);
const refusal = (name: string) =>
  install(name).then(
    () => 'it was installed',
    (error: { type: string; message: string }) => `${error.type}: ${error.message}`,
  );

describe('where images must be signed, an install', () => {
  it('lets in an image that the key signed, by its digest', async () => {
    const { record } = await install('signed');
    expect(record.decision?.rules).toContainEqual(
      expect.objectContaining({
        rule: 'images-signed',
        verdict: 'passed',
        input: { images: [{ image: expect.stringContaining(signed.digest), verified: true }] },
      }),
    );
  });

  it('lets in a template without images', async () => {
    expect((await install('imageless')).record.name).toBe('imageless');
  });

  it.each([
    ['an unsigned image', 'unsigned', 'unsigned'],
    ['a right signature by the wrong key', 'by-other', 'unverified identity'],
    ['the signature of another image', 'of-another', 'the signature does not hold: the signature is of something else'],
    ['an image that is named by a tag only', 'by-tag', 'not named by its digest'],
  ])('refuses %s', async (_, name, why) => {
    expect(await refusal(name)).toMatch(new RegExp(`^signature_invalid: .*images must be signed here: .*${why}`));
  });

  it('refuses an image on a host that nobody configured, and never calls it', async () => {
    expect(await refusal('elsewhere')).toContain(`${strangerHost} is the host of no OCI registry that is configured here`);
    expect(calls).toBe(0);
  });

  it('refuses images when nobody looks for their signatures', async () => {
    const { images: looking } = lab.deps;
    delete lab.deps.images;
    expect(await refusal('signed')).toContain('signature_invalid');
    if (looking) lab.deps.images = looking;
  });

  it('lets in what somebody answers for', async () => {
    policy(
      `kind: Waiver\nspec: { rule: images-signed, template: unsigned, owner: ann@example.org, reason: it is a test of ours, expires: 2999-01-01 }\n`,
    );
    expect((await install('unsigned')).record.name).toBe('unsigned');
    expect(await refusal('by-tag')).toContain('signature_invalid');
    policy();
  });
});

describe('where images must be signed, a deployment', () => {
  const pin = { registry: 'r', name: 'shop', version: '1.0.0', digest: `sha256:${'0'.repeat(64)}` };
  const asker = { requester: { user: 'ann', groups: [] }, signal: new AbortController().signal };
  const check = (...references: string[]) => checkImages(lab.deps, asker, pin, references);

  it('takes the images that a parameter chose, if they are signed', async () => {
    await check(`${host}/${REPOSITORY}@${signed.digest}`);
    await expect(check(`${host}/${REPOSITORY}@${signed.digest}`, `${host}/${REPOSITORY}@${unsigned.digest}`)).toFailWith(
      'signature_invalid',
    );
  });

  it('refuses what is no reference at all', async () => {
    await expect(check('a b c')).toFailWith('signature_invalid');
  });

  it('refuses more images than are looked at', async () => {
    await expect(check(...Array.from({ length: 51 }, () => `${host}/${REPOSITORY}@${signed.digest}`))).toFailWith(
      'signature_invalid',
    );
  });

  it('asks nothing where nobody demands it', async () => {
    const { policies } = lab.deps;
    delete lab.deps.policies;
    await check('nginx');
    if (policies) lab.deps.policies = policies;
  });
});
