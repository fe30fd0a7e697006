import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createOciClient, type OciClient } from '../../../src/adapters/oci/client.ts';
import { readSignatures } from '../../../src/adapters/oci/signatures.ts';
import { createOciRegistry } from '../../../src/adapters/registries/oci.ts';
import { trustedKey } from '../../../src/adapters/sigstore/keys.ts';
import { createSignatureVerifier } from '../../../src/adapters/sigstore/verifier.ts';
import type { SignatureDocument, SignatureVerdict } from '../../../src/domain/signature.ts';
import { type BlobDescriptor, OCI_INDEX, pushArtifact, pushManifest, pushTemplate } from '../../support/oci/push.ts';
import { type OciServer, startDistribution, startMemoryRegistry } from '../../support/oci/server.ts';
import { openChain } from '../../support/sigstore/chain.ts';
import { createLayer, packTemplateFiles } from '../../support/sigstore/packed.ts';
import { BUNDLE, statementBundle } from '../../support/sigstore/statement.ts';

const SIMPLE = 'application/vnd.dev.cosign.simplesigning.v1+json';
const REPOSITORY = 'acme/cache';

const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

function simplePayload(digest: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': 'registry/acme/cache' },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional: null,
    }),
  );
}

function tagOf(digest: string): string {
  return `${digest.replace(':', '-')}.sig`;
}

let client: GuardedClient;
let keyRoot: Awaited<ReturnType<typeof openChain>>['root'];
beforeAll(async () => {
  client = createGuardedClient({ development: true, allow: [] });
  ({ root: keyRoot } = await openChain());
});
afterAll(() => client.close());

function verify(oci: OciClient, digest: string): Promise<SignatureVerdict> {
  const verifier = createSignatureVerifier({ root: keyRoot, keys: [trustedKey('release', pair.publicKey)] });
  return verifier.verify({ digest }, readSignatures(oci, REPOSITORY, digest), { keys: ['release'] });
}

async function all(oci: OciClient, digest: string): Promise<SignatureDocument[]> {
  const found: SignatureDocument[] = [];
  for await (const each of readSignatures(oci, REPOSITORY, digest)) found.push(each);
  return found;
}

describe.each([
  ['with the referrers API', startMemoryRegistry],
  ['of distribution', startDistribution],
] as const)('a registry %s', (_, start) => {
  let server: OciServer;
  let oci: OciClient;
  let count = 0;
  beforeAll(async () => {
    server = await start();
    oci = createOciClient({ client, registry: 'harbour', origin: server.url });
  }, 180_000);
  afterAll(() => server.close());

  /** An artifact of its own for each test. */
  function push(): Promise<BlobDescriptor> {
    count += 1;
    return pushArtifact(server, {
      repository: REPOSITORY,
      tags: [`v${count}`],
      layers: [{ mediaType: 'text/plain', bytes: Buffer.from(`content ${count}`) }],
    });
  }

  async function attach(subject: BlobDescriptor, bytes: Buffer): Promise<void> {
    const referrer = await pushArtifact(server, {
      repository: REPOSITORY,
      tags: [],
      artifactType: BUNDLE,
      layers: [{ mediaType: BUNDLE, bytes }],
      subject,
    });
    const listed = await oci.referrers(REPOSITORY, subject.digest);
    if (listed.some(({ digest }) => digest === referrer.digest)) return;
    // Without the API whoever pushes keeps the list (OCI distribution 1.1, "Pushing Manifests with Subject").
    const manifests = [...listed, { ...referrer, artifactType: BUNDLE }];
    await pushManifest(server, REPOSITORY, subject.digest.replace(':', '-'), {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests,
    });
  }

  async function attachSimple(digest: string, payload: Buffer, key: KeyObject): Promise<void> {
    const signature = sign('sha256', payload, key).toString('base64');
    await createLayer(server, REPOSITORY, tagOf(digest), {
      mediaType: SIMPLE,
      bytes: payload,
      annotations: { 'dev.cosignproject.cosign/signature': signature },
    });
  }

  it('gives a bundle that refers to the artifact', async () => {
    const artifact = await push();
    await attach(artifact, statementBundle(artifact.digest, pair.privateKey, pair.publicKey));
    const verdict = await verify(oci, artifact.digest);
    expect(verdict).toMatchObject({ state: 'verified', holding: [{ signer: { kind: 'key', key: 'release' }, logged: false }] });
  });

  it('gives the signatures under the tag of the digest', async () => {
    const artifact = await push();
    await attachSimple(artifact.digest, simplePayload(artifact.digest), pair.privateKey);
    expect(await verify(oci, artifact.digest)).toMatchObject({
      state: 'verified',
      holding: [{ origin: `${REPOSITORY}:${tagOf(artifact.digest)}` }],
    });
  });

  it('gives bundles first', async () => {
    const artifact = await push();
    await attachSimple(artifact.digest, simplePayload(artifact.digest), pair.privateKey);
    await attach(artifact, statementBundle(artifact.digest, pair.privateKey, pair.publicKey));
    expect((await all(oci, artifact.digest)).map(({ form }) => form)).toEqual(['bundle', 'cosign']);
  });

  it('has none for what nobody signed', async () => {
    const artifact = await push();
    expect(await verify(oci, artifact.digest)).toEqual({ state: 'unsigned', holding: [], refused: [] });
  });

  it('does not pass a signature of another artifact', async () => {
    const [artifact, other] = [await push(), await push()];
    await attach(artifact, statementBundle(other.digest, pair.privateKey, pair.publicKey));
    await attachSimple(artifact.digest, simplePayload(other.digest), pair.privateKey);
    const verdict = await verify(oci, artifact.digest);
    expect(verdict.state).toBe('refused');
    expect(verdict.refused.map(({ reason }) => reason)).toEqual([
      'the signature is of something else',
      'the signature is of something else',
    ]);
  });

  it('does not pass a statement of what is in the artifact for a signature', async () => {
    const artifact = await push();
    await attach(artifact, statementBundle(artifact.digest, pair.privateKey, pair.publicKey, 'https://spdx.dev/Document'));
    expect(await verify(oci, artifact.digest)).toMatchObject({ state: 'unsigned' });
  });

  it('does not pass a key that nobody configured', async () => {
    const artifact = await push();
    await attach(artifact, statementBundle(artifact.digest, stranger.privateKey, stranger.publicKey));
    await attachSimple(artifact.digest, simplePayload(artifact.digest), stranger.privateKey);
    expect(await verify(oci, artifact.digest)).toMatchObject({ state: 'refused', holding: [] });
  });

  it('does not pass a stranger’s signature under the name of the configured key', async () => {
    const artifact = await push();
    await attach(artifact, statementBundle(artifact.digest, stranger.privateKey, pair.publicKey));
    expect(await verify(oci, artifact.digest)).toMatchObject({ state: 'refused', holding: [] });
  });

  it('has signatures for templates, of the manifest that names the archive', async () => {
    const archive = packTemplateFiles('cache', '1.0.0');
    const pushed = await pushTemplate(server, 'shop/cache', '1.0.0', archive);
    const registry = createOciRegistry(
      { name: 'harbour', kind: 'oci', type: 'community', url: `${server.url}/shop`, repositories: ['cache'] } as never,
      client,
    );
    const set = await registry.signatures?.('cache', '1.0.0');
    expect(set).toMatchObject({
      subject: pushed.digest,
      archive: `sha256:${createHash('sha256').update(archive).digest('hex')}`,
    });
  });
});
