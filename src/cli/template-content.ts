import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_ARCHIVE_LIMITS } from '../domain/archive.ts';
import type { TemplateManifest } from '../domain/template.ts';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';

/** Bytes of all content files together; bundles of manifests are a tenth of it. */
const MAX_CONTENT_BYTES = 16 * 1024 * 1024;

/** The files below the content path of a template's directory, as text by path; none for a type without content. */
export async function contentOfDirectory(dir: string, manifest: TemplateManifest): Promise<ReadonlyMap<string, string>> {
  const path = manifest.spec.type === 'manifests' ? manifest.spec.content?.path : undefined;
  const files = new Map<string, string>();
  if (path === undefined) return files;
  let bytes = 0;
  for (const file of await filesBelow(dir, path.replace(/\/+$/, ''))) {
    const text = await readFile(join(dir, file), 'utf8');
    bytes += Buffer.byteLength(text);
    if (bytes > MAX_CONTENT_BYTES) throw tooLarge(dir, `${MAX_CONTENT_BYTES} bytes`);
    files.set(file, text);
  }
  return files;
}

/** Sorted, as an archive would give them. Links are left out: an archive may not hold any. */
async function filesBelow(dir: string, path: string): Promise<string[]> {
  const stats = await lstat(join(dir, path)).catch(() => undefined);
  if (stats?.isFile()) return [path];
  if (!stats?.isDirectory()) return [];
  const entries = await readdir(join(dir, path), { recursive: true, withFileTypes: true });
  if (entries.length > DEFAULT_ARCHIVE_LIMITS.maxEntries) throw tooLarge(dir, `${DEFAULT_ARCHIVE_LIMITS.maxEntries} files`);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(dir, '/').length).replaceAll('\\', '/'))
    .toSorted();
}

function tooLarge(dir: string, limit: string): CliError {
  return new CliError({ message: `the content of ${dir} is more than ${limit}`, exitCode: EXIT.failed });
}
