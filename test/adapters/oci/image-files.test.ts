import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createOciClient, type OciClient } from '../../../src/adapters/oci/client.ts';
import { choosePlatform, readImageFile } from '../../../src/adapters/oci/image-files.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { DOCKER_MANIFEST, layerOf, OCI_INDEX, OCI_MANIFEST, pushArtifact, pushManifest } from '../../support/oci/push.ts';
import { type OciServer, startMemoryRegistry } from '../../support/oci/server.ts';

const LIMITS = { maxFileBytes: 1_000, maxLayerBytes: 1_000_000 };
const PATH = 'data/schema.yaml';
let server: OciServer;
let proxy: FaultProxy;
let client: GuardedClient;
let oci: OciClient;

beforeAll(async () => {
  server = await startMemoryRegistry();
  proxy = await startFaultProxy({ target: server.url });
}, 180_000);
afterAll(async () => {
  await proxy.close();
  await server.close();
});
beforeEach(() => {
  proxy.setFaults([]);
  client = createGuardedClient({ development: true, allow: [] });
  oci = createOciClient({ client, registry: 'harbour', origin: proxy.url });
});
afterEach(() => client.close());

type Layers = Parameters<typeof pushArtifact>[1]['layers'];

async function read(layers: Layers, limits = LIMITS, mediaType = OCI_MANIFEST): Promise<string | undefined> {
  const { digest } = await pushArtifact(server, { repository: 'acme/app', tags: [], layers, mediaType });
  const manifest = await oci.manifest('acme/app', digest);
  if (manifest?.kind !== 'image') throw new Error('no image');
  return (await readImageFile(oci, 'acme/app', manifest.image, PATH, limits))?.toString();
}

describe('a file of an image', () => {
  it('is the one of the last layer that has it', async () => {
    await expect(read([layerOf({ [PATH]: 'old' }), layerOf({ [PATH]: 'new' }), layerOf({ 'etc/x': 'y' })])).resolves.toBe('new');
    await expect(read([layerOf({ 'etc/x': 'y' })])).resolves.toBeUndefined();
  });

  it.each(['data/.wh.schema.yaml', 'data/.wh..wh..opq', '.wh.data', '.wh..wh..opq'])('is gone after %s', async (marker) => {
    await expect(read([layerOf({ [PATH]: 'old' }), layerOf({ [marker]: '' })])).resolves.toBeUndefined();
    await expect(read([layerOf({ [PATH]: 'old' }), layerOf({ [marker]: '', [PATH]: 'new' })])).resolves.toBe('new');
  });

  it('is found in the Docker formats, packed and not', async () => {
    const gzip = { ...layerOf({ [PATH]: 'x' }), mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' };
    await expect(read([gzip], LIMITS, DOCKER_MANIFEST)).resolves.toBe('x');
  });

  it('is not looked for in what cannot be read', async () => {
    await expect(read([{ ...layerOf({ [PATH]: 'x' }), mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' }])).toFailWith(
      'registry_invalid',
    );
    const broken = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: Buffer.from('not gzip') };
    await expect(read([broken])).toFailWith('archive_invalid');
  });

  it('has limits: its own size, the layers, the ratio', async () => {
    await expect(read([layerOf({ [PATH]: 'x'.repeat(2_000) })])).toFailWith('too_large');
    await expect(read([layerOf({ [PATH]: 'x' })], { ...LIMITS, maxLayerBytes: 10 })).toFailWith('too_large');
    const bomb = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: gzipSync(Buffer.alloc(50_000_000)) };
    await expect(read([bomb])).toFailWith('too_large');
  });

  it('is not believed from a layer with another digest', async () => {
    const tar = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: Buffer.alloc(10_240) };
    proxy.setFaults([{ kind: 'corrupt', at: 9_000, path: '/blobs/' }]);
    await expect(read([tar])).toFailWith('digest_mismatch');
  });
});

describe('choosePlatform', () => {
  it('takes linux/amd64 of an index', async () => {
    const layers = [layerOf({ [PATH]: 'x' })];
    const amd = await pushArtifact(server, { repository: 'acme/app', tags: ['amd64'], layers });
    const arm = await pushArtifact(server, { repository: 'acme/app', tags: ['arm64'], layers: [layerOf({ a: 'b' })] });
    await pushManifest(server, 'acme/app', 'all', {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
        { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
        { ...arm, platform: { os: 'unknown', architecture: 'unknown' } },
      ],
    });
    const index = await oci.manifest('acme/app', 'all');
    expect(index?.kind === 'index' && choosePlatform(index.index)?.digest).toBe(amd.digest);
  });
});
