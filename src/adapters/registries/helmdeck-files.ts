import { lstat, readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Checkout } from '../../domain/checkout.ts';
import { digestOf } from '../../domain/content-hash.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { PACK_FILE, packManifest } from '../../domain/foreign/pack.ts';
import type { PackEntry } from '../../domain/foreign/pack-index.ts';
import type { TemplateManifest } from '../../domain/template.ts';
import { MANIFEST_YAML_LIMITS } from '../../domain/yaml-limits.ts';
import { packDirectory } from '../archive/pack.ts';
import { packSegments } from './helmdeck-documents.ts';
import type { PackSource } from './helmdeck-source.ts';

/** A pack with its files: the deterministic plain tar of its folder. */
export interface PackedPack {
  bytes: Buffer;
  digest: string;
  manifest: TemplateManifest;
}

/** A pack is scripts, not data. */
const LIMITS = { maxArchiveBytes: 32 * 1024 * 1024, maxUnpackedBytes: 32 * 1024 * 1024 };

/**
 * Packs the files of one pack, from the catalog's folder or a working copy of its repository. Fails with registry_invalid where files
 * cannot be listed (a catalog that is only a URL) or are not there, with template_invalid for a manifest of another name, and as packing does.
 */
export async function packPack(
  source: PackSource,
  entry: PackEntry,
  { registry, checkout }: { registry: string; checkout: Checkout | undefined },
  signal?: AbortSignal,
): Promise<PackedPack> {
  const segments = packSegments(entry.path);
  if (source.root.startsWith('file:')) return packFolder(fileURLToPath(source.root), segments, entry, registry);
  if (!source.repository || !checkout) throw listedOnly(source, entry, registry);
  const copy = await checkout(source.repository, signal);
  try {
    return await packFolder(copy.dir, segments, entry, registry);
  } finally {
    await copy.release();
  }
}

function listedOnly(source: PackSource, entry: PackEntry, registry: string): ChandleryError {
  return new ChandleryError(
    'registry_invalid',
    `${entry.name} can be looked at but not installed from ${source.indexUrl}: a URL does not tell which files a pack has. ` +
      'Configure the catalog as a GitHub repository (https://github.com/OWNER/REPO) or as a folder (file:///PATH).',
    { registry, template: entry.name },
  );
}

async function packFolder(root: string, segments: string[], entry: PackEntry, registry: string): Promise<PackedPack> {
  const dir = await folderOf(root, segments, registry);
  const bytes = await packDirectory(dir, LIMITS);
  const manifest = packManifest(await readManifest(dir, entry, registry), `${entry.path}/${PACK_FILE}`);
  if (manifest.metadata.name !== entry.name)
    throw new ChandleryError(
      'template_invalid',
      `The pack at ${entry.path} calls itself ${manifest.metadata.name}, not ${entry.name}`,
      {
        registry,
        template: entry.name,
      },
    );
  return { bytes, digest: digestOf(bytes), manifest };
}

/** The real folder. A link on the way could lead out of the catalog. */
async function folderOf(root: string, segments: string[], registry: string): Promise<string> {
  try {
    const base = await realpath(root);
    const dir = await realpath(join(base, ...segments));
    if (dir.startsWith(base.endsWith(sep) ? base : base + sep) && (await lstat(dir)).isDirectory()) return dir;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
  throw new ChandleryError('registry_invalid', `The catalog lists ${segments.join('/')}, which is no folder in it`, { registry });
}

/** After packing, so that it is known to be a plain file and not a link. */
async function readManifest(dir: string, entry: PackEntry, registry: string): Promise<string> {
  const path = join(dir, PACK_FILE);
  const stats = await lstat(path).catch(() => undefined);
  if (!stats?.isFile() || stats.size > MANIFEST_YAML_LIMITS.maxBytes)
    throw new ChandleryError(
      'registry_invalid',
      `The pack at ${entry.path} has no ${PACK_FILE} of at most ${MANIFEST_YAML_LIMITS.maxBytes} bytes`,
      { registry, template: entry.name },
    );
  return readFile(path, 'utf8');
}
