import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createImageAttestations } from '../../../src/adapters/oci/attestations.ts';
import { createOciClient } from '../../../src/adapters/oci/client.ts';
import type { ImageAttestations } from '../../../src/domain/vulnerabilities/attestation.ts';
import { type BlobDescriptor, OCI_INDEX, pushArtifact, pushManifest } from '../../support/oci/push.ts';
import { type OciServer, startMemoryRegistry } from '../../support/oci/server.ts';

const REPOSITORY = 'acme/shop';
const DSSE = 'application/vnd.dsse.envelope.v1+json';
const IN_TOTO = 'application/vnd.in-toto+json';

let client: GuardedClient;
let server: OciServer;
let images: ImageAttestations;
let asked: string[] = [];
let host = '';

beforeAll(async () => {
  client = createGuardedClient({ development: true, allow: [] });
  server = await startMemoryRegistry();
  host = new URL(server.url).host;
  images = createImageAttestations({
    open(place) {
      asked.push(place.host);
      return place.host === host ? createOciClient({ client, registry: 'harbour', origin: server.url }) : undefined;
    },
  });
}, 180_000);
afterAll(async () => {
  await client.close();
  await server.close();
});

let count = 0;
/** An image of its own for each test. */
function push(): Promise<BlobDescriptor & { tag: string }> {
  count += 1;
  const tag = `v${count}`;
  const layers = [{ mediaType: 'text/plain', bytes: Buffer.from(`content ${count}`) }];
  return pushArtifact(server, { repository: REPOSITORY, tags: [tag], layers }).then((image) => ({ ...image, tag }));
}

const layer = (text: string, mediaType = DSSE) => ({ mediaType, bytes: Buffer.from(text) });
const read = (reference: string) => images.read(`${host}/${REPOSITORY}${reference}`);

describe('attestations of an image', () => {
  it('are found among what refers to it, under its digest', async () => {
    const { tag, digest, mediaType, size } = await push();
    const subject = { digest, mediaType, size };
    await pushArtifact(server, {
      repository: REPOSITORY,
      tags: [],
      artifactType: IN_TOTO,
      layers: [layer('statement', IN_TOTO)],
      subject,
    });
    await pushArtifact(server, {
      repository: REPOSITORY,
      tags: [],
      artifactType: 'text/plain',
      layers: [layer('notes', 'text/plain')],
      subject,
    });
    expect(await read(`:${tag}`)).toEqual([{ digest, text: 'statement' }]);
    expect(await read(`@${digest}`)).toEqual([{ digest, text: 'statement' }]);
  });

  it('are found under the tag that cosign gives them', async () => {
    const { tag, digest } = await push();
    const attested = digest.replace(':', '-');
    await pushArtifact(server, {
      repository: REPOSITORY,
      tags: [`${attested}.att`],
      layers: [layer('one'), layer('two'), layer('no', 'text/plain')],
    });
    expect(await read(`:${tag}`)).toEqual(['one', 'two'].map((text) => ({ digest, text })));
  });

  it('are found in the index that BuildKit writes, under the digest of the platform', async () => {
    const { tag: _tag, ...platform } = await push();
    const inner = await pushArtifact(server, { repository: REPOSITORY, tags: [], layers: [layer('of the platform', IN_TOTO)] });
    const annotations = (about: string) => ({
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': about,
    });
    const manifests = [
      { ...platform, platform: { os: 'linux', architecture: 'amd64' } },
      { ...inner, annotations: annotations(platform.digest) },
      { ...inner, annotations: annotations(`sha256:${'0'.repeat(64)}`) },
    ];
    await pushManifest(server, REPOSITORY, 'index', { schemaVersion: 2, mediaType: OCI_INDEX, manifests });
    expect(await read(':index')).toEqual([{ digest: platform.digest, text: 'of the platform' }]);
  });

  it('are none for an image without any, and for a registry that is not to be asked', async () => {
    const { tag } = await push();
    expect(await read(`:${tag}`)).toEqual([]);
    asked = [];
    expect(await images.read('nginx')).toBeUndefined();
    expect(await images.read('ghcr.io/acme/shop:1@sha256:'.concat('a'.repeat(64)))).toBeUndefined();
    expect(asked).toEqual(['docker.io', 'ghcr.io']);
  });

  it('of an image that is not there, or of no image, are refused', async () => {
    await expect(read(':nothing')).toFailWith('not_found');
    for (const wrong of ['UPPER', 'a b', `${'x'.repeat(300)}`, 'acme/shop@sha256:12', '../x'])
      await expect(images.read(wrong)).toFailWith('template_invalid');
  });
});
