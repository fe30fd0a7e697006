import { createHash } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import { isTemplateName } from '../../domain/reference.ts';
import { isVersion } from '../../domain/versions.ts';

/** Something in the folder that is not listed, and why. */
export interface FolderProblem {
  path: string;
  message: string;
}

/** One version as it lies in the folder. Paths come from reading directories only, never from a request. */
export interface Source {
  name: string;
  version: string;
  kind: 'directory' | 'archive';
  path: string;
  /** Archives: the manifest beside it, `<version>.yaml`, where there is one. */
  manifestPath?: string;
  /** Directories: every regular file, relative. */
  files: readonly string[];
  yanked: boolean;
  /** Changes when any file of this version may have changed; made from stat alone. */
  signature: string;
}

export interface FolderScan {
  sources: Source[];
  problems: FolderProblem[];
  /** False when the folder cannot be read. */
  readable: boolean;
}

/** Endings a ready-made archive may have. */
const ARCHIVE_ENDINGS = ['.tgz', '.tar.gz', '.tar'] as const;
/** Templates and versions of one folder; a larger catalog belongs behind a database. */
const MAX_ENTRIES = 20_000;

/**
 * Lists `<dir>/<name>/<version>/` and `<dir>/<name>/<version>.tgz|.tar.gz|.tar` (with `<version>.yaml` beside it as its manifest,
 * and an empty file `<version>.yanked` to withdraw a version). Reads names and stats, never content.
 */
export async function scanFolder(dir: string): Promise<FolderScan> {
  const scan: FolderScan = { sources: [], problems: [], readable: true };
  const names = await list(dir).catch((error: Error) => unreadable(scan, dir, error));
  for (const entry of names.slice(0, MAX_ENTRIES)) {
    if (isHidden(entry.name)) continue;
    const path = join(dir, entry.name);
    if (entry.isSymbolicLink()) scan.problems.push({ path, message: 'is a symbolic link; links are not followed' });
    else if (!entry.isDirectory()) continue;
    else if (!isTemplateName(entry.name))
      scan.problems.push({ path, message: 'is not the name of a template (lower-case letters, digits, inner hyphens)' });
    else await scanTemplate(path, entry.name, scan).catch((error: Error) => scan.problems.push({ path, message: reason(error) }));
  }
  if (names.length > MAX_ENTRIES)
    scan.problems.push({ path: dir, message: `holds more than ${MAX_ENTRIES} entries; the rest is not listed` });
  return scan;
}

function unreadable(scan: FolderScan, dir: string, error: Error): [] {
  scan.readable = false;
  scan.problems.push({ path: dir, message: `the folder cannot be read: ${reason(error)}` });
  return [];
}

async function scanTemplate(dir: string, name: string, scan: FolderScan): Promise<void> {
  const entries = await list(dir);
  const all = new Map(entries.map((entry) => [entry.name, entry]));
  for (const entry of entries.slice(0, MAX_ENTRIES)) {
    const version = versionOf(entry.name, entry.isDirectory());
    if (isHidden(entry.name) || version === undefined) continue;
    const path = join(dir, entry.name);
    if (!isVersion(version)) scan.problems.push({ path, message: `"${version}" is not a semantic version` });
    else if (entry.isSymbolicLink()) scan.problems.push({ path, message: 'is a symbolic link; links are not followed' });
    else if (scan.sources.some((other) => other.name === name && other.version === version))
      scan.problems.push({ path, message: 'is there twice, as a folder or as an archive of another ending' });
    else {
      const manifest = all.has(`${version}.yaml`) ? { manifestPath: join(dir, `${version}.yaml`) } : {};
      const base = { name, version, path, yanked: all.has(`${version}.yanked`) };
      const files = entry.isDirectory() ? await walk(path) : [];
      const source = entry.isDirectory()
        ? { ...base, kind: 'directory' as const, files }
        : { ...base, kind: 'archive' as const, files, ...manifest };
      scan.sources.push({ ...source, signature: await signSource(source) });
    }
  }
}

/** The version an entry stands for; undefined for what is neither a folder nor an archive. */
function versionOf(name: string, isDirectory: boolean): string | undefined {
  if (isDirectory) return name;
  const ending = ARCHIVE_ENDINGS.find((candidate) => name.endsWith(candidate));
  return ending === undefined ? undefined : name.slice(0, -ending.length);
}

async function walk(dir: string, under = '', found: string[] = []): Promise<string[]> {
  for (const entry of await list(join(dir, under))) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) await walk(dir, path, found);
    // Links stay in the list: packing refuses them by name, which tells the owner more than leaving them out.
    else found.push(path);
    if (found.length > DEFAULT_ARCHIVE_LIMITS.maxEntries) throw new Error(`more than ${DEFAULT_ARCHIVE_LIMITS.maxEntries} files`);
  }
  return found;
}

/** A signature over the stats of all files of a version. Fails when one of them is gone. */
export async function signSource(source: Omit<Source, 'signature'>): Promise<string> {
  const hash = createHash('sha256').update(`${source.kind}\0${source.yanked}\0`);
  const paths =
    source.kind === 'directory' ? source.files.map((file) => join(source.path, file)) : [source.path, source.manifestPath ?? ''];
  for (const path of paths.filter((path) => path !== '')) {
    const { size, mtimeMs, ctimeMs, ino, mode } = await lstat(path);
    hash.update(`${path}\0${size}\0${mtimeMs}\0${ctimeMs}\0${ino}\0${mode}\n`);
  }
  return hash.digest('hex');
}

async function list(dir: string) {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isHidden(name: string): boolean {
  return name.startsWith('.');
}

/** The system's code, which names no path; the path is told beside it. */
function reason(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
