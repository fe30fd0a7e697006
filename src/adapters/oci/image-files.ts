import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ChandleryError } from '../../domain/errors.ts';
import type { OciClient } from './client.ts';
import type { Descriptor, ImageIndex, ImageManifest } from './documents.ts';
import { LayerTar } from './layer-tar.ts';

/** Files of a container image, read from its layers without unpacking it. */

export interface ImageFileLimits {
  /** bytes of one file */
  maxFileBytes: number;
  /** compressed bytes of all layers that are read together */
  maxLayerBytes: number;
}

/** A schema or a chart is text; images of text unpack to a tenth of this. */
const MAX_RATIO = 200;
const RATIO_FLOOR_BYTES = 1024 * 1024; // below it the ratio says nothing
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * One file as a container would see it, or undefined when the image has none. Layers are read from the last to the first, each to its
 * end and against its digest, until one has the file or removes it. Fails with too_large past the limits, digest_mismatch,
 * archive_invalid, and registry_invalid for layers that are not tar or tar.gz.
 */
export async function readImageFile(
  client: OciClient,
  repository: string,
  image: ImageManifest,
  path: string,
  limits: ImageFileLimits,
  signal?: AbortSignal,
): Promise<Buffer | undefined> {
  let budget = limits.maxLayerBytes;
  for (const layer of [...image.layers].reverse()) {
    budget -= layer.size;
    if (budget < 0)
      throw new ChandleryError(
        'too_large',
        `${repository}: ${path} was not found in the last ${limits.maxLayerBytes} bytes of layers`,
      );
    const found = await searchLayer(client, repository, layer, path, limits.maxFileBytes, signal);
    if (found !== 'absent') return found === 'removed' ? undefined : found;
  }
  return undefined;
}

type Found = Buffer | 'absent' | 'removed';

async function searchLayer(
  client: OciClient,
  repository: string,
  layer: Descriptor,
  path: string,
  maxFileBytes: number,
  signal: AbortSignal | undefined,
): Promise<Found> {
  let found: Found = 'absent';
  const removers = removersOf(path);
  const tar = new LayerTar(
    (entry) => {
      if (removers.has(entry.path) && found === 'absent') found = 'removed';
      if (entry.path !== path || !entry.isFile) return false;
      if (entry.size > maxFileBytes)
        throw new ChandleryError(
          'too_large',
          `${repository}: ${path} has ${entry.size} bytes, at most ${maxFileBytes} are allowed`,
        );
      return true;
    },
    (_, body) => {
      found = body;
    },
  );
  const { body } = await client.openBlob(repository, layer, { maxBytes: layer.size, signal });
  await feed(layer, checked(body, layer, repository), tar);
  tar.end();
  return found;
}

/** Names of the entries that say that a lower layer's file, or a folder above it, is gone. */
function removersOf(path: string): Set<string> {
  const parts = path.split('/');
  const removers = parts.flatMap((part, index) => {
    const folder = parts
      .slice(0, index)
      .map((each) => `${each}/`)
      .join('');
    return [`${folder}${WHITEOUT}${part}`, `${folder}${OPAQUE}`];
  });
  return new Set(removers);
}

async function feed({ mediaType }: Descriptor, body: AsyncIterable<Buffer>, tar: LayerTar): Promise<void> {
  const isGzip = /[.+]gzip$/.test(mediaType);
  if (!isGzip && !mediaType.endsWith('.tar'))
    throw new ChandleryError('registry_invalid', `layers of type ${mediaType.slice(0, 100)} cannot be read; use tar or gzip`);
  let packed = 0;
  let unpacked = 0;
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      packed += chunk.length;
      yield chunk;
    }
  };
  const write = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      unpacked += chunk.length;
      if (unpacked > RATIO_FLOOR_BYTES && unpacked > packed * MAX_RATIO)
        throw new ChandleryError('too_large', `a layer unpacks to more than ${MAX_RATIO} times its size`);
      tar.write(chunk);
    }
  };
  if (!isGzip) return write(counted(body));
  try {
    await pipeline(counted(body), createGunzip(), write);
  } catch (error) {
    const { code } = (error ?? {}) as { code?: unknown };
    if (typeof code !== 'string' || !code.startsWith('Z_')) throw error;
    throw new ChandleryError('archive_invalid', 'a layer of the image is damaged or cut off', {}, { cause: error });
  }
}

async function* checked(body: AsyncIterable<Uint8Array>, { digest }: Descriptor, repository: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of body) {
    hash.update(chunk);
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) throw new ChandleryError('digest_mismatch', `${repository}: the layer ${digest} is really ${actual}`);
}

/** The image of an index to look into: linux/amd64, else the first for linux; files such as a schema are the same in all. */
export function choosePlatform({ manifests }: ImageIndex): Descriptor | undefined {
  const linux = manifests.filter(({ platform }) => platform?.os === 'linux');
  return (
    linux.find(({ platform }) => platform?.architecture === 'amd64') ?? linux[0] ?? manifests.find(({ platform }) => !platform)
  );
}
