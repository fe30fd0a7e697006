import { setImmediate as nextTurn } from 'node:timers/promises';
import { ChandleryError } from '../../domain/errors.ts';
import { PACK_FILE, type PackDocument, readPack } from '../../domain/foreign/pack.ts';
import { MAX_PACK_INDEX_BYTES, type ParsedPackIndex, parsePackIndex } from '../../domain/foreign/pack-index.ts';
import { MANIFEST_YAML_LIMITS } from '../../domain/yaml-limits.ts';
import { type DocumentReader, decodeText } from './document.ts';
import type { PackSource } from './helmdeck-source.ts';

/** Characters of an entry's path. */
const MAX_PATH = 512;

/** What both users of a pack catalog read of it: the registry kind and the helmdeck face of the API. */

export interface FetchedIndex extends ParsedPackIndex {
  validator: string;
}

interface ReadOptions {
  validator?: string | undefined;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
}

/** The index, parsed in pieces. Fails as documents do, and with registry_invalid. */
export async function readIndex(
  source: PackSource,
  { reader, registry }: { reader: DocumentReader; registry: string },
  options: ReadOptions = {},
): Promise<FetchedIndex | 'unchanged'> {
  const { indexUrl } = source;
  const document = await reader.read({ ...options, url: indexUrl, maxBytes: MAX_PACK_INDEX_BYTES });
  if (document === 'unchanged') return document;
  // Only `optional` readings answer undefined.
  const bytes = document?.bytes ?? Buffer.alloc(0);
  const steps = parsePackIndex(decodeText(bytes, indexUrl, registry), indexUrl);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return { ...step.value, validator: document?.validator ?? '' };
    await nextTurn();
    options.signal?.throwIfAborted();
  }
}

/** URL of a pack's manifest. Fails with registry_invalid for a path that leaves the catalog. */
function manifestUrl(source: PackSource, path: string): string {
  const segments = packSegments(path);
  return [source.root, ...segments.map(encodeURIComponent), PACK_FILE].join('/');
}

/** The parts of an entry's path. Fails with registry_invalid for one that leaves the catalog. */
export function packSegments(path: string): string[] {
  const segments = path.replace(/\/$/, '').split('/');
  const isUnsafe = (segment: string) => segment === '' || segment === '.' || segment === '..' || /[\\\p{Cc}]/u.test(segment);
  if (path.length > MAX_PATH || segments.some(isUnsafe))
    throw new ChandleryError(
      'registry_invalid',
      `the path ${JSON.stringify(path.slice(0, 100))} must be a folder inside the catalog, as in packs/cmd.upper`,
    );
  return segments;
}

/** The manifest of a pack as it is now. Fails as documents do, with registry_invalid where there is none, and with template_invalid. */
export async function readPackDocument(
  source: PackSource,
  path: string,
  { reader, registry }: { reader: DocumentReader; registry: string },
  options: Omit<ReadOptions, 'validator'> = {},
): Promise<PackDocument> {
  const url = manifestUrl(source, path);
  const document = await reader.read({ ...options, url, maxBytes: MANIFEST_YAML_LIMITS.maxBytes, optional: true });
  if (document === undefined || document === 'unchanged')
    throw new ChandleryError('registry_invalid', `${url}: the catalog lists this pack, but its manifest is not there`, {
      registry,
    });
  return readPack(decodeText(document.bytes, url, registry), url);
}
