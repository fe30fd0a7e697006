import { z } from 'zod';
import type { PackageList } from './package-list.ts';
import { PackageCollector } from './package-list.ts';
import { unreadable } from './sbom.ts';

/** Lock files, each with the line of every package. */

const npmSchema = z.object({
  lockfileVersion: z.number(),
  packages: z
    .record(z.string(), z.object({ name: z.string().optional(), version: z.string().optional(), link: z.boolean().optional() }))
    .optional(),
});

/** `package-lock.json` and `npm-shrinkwrap.json` of npm 7 and later (lockfileVersion 2 and 3). Fails with template_invalid. */
export function readNpmLock(file: string, text: string): PackageList {
  const parsed = npmSchema.safeParse(jsonOf(file, text));
  if (!parsed.success) throw unreadable(file, 'it is not what npm writes');
  const { lockfileVersion, packages } = parsed.data;
  if ((lockfileVersion !== 2 && lockfileVersion !== 3) || packages === undefined)
    throw unreadable(file, `lockfileVersion ${lockfileVersion} is not read, 2 and 3 are: run npm install with npm 7 or later`);
  const collector = new PackageCollector(file);
  const lines = lineFinder(text);
  for (const [path, { name, version, link }] of Object.entries(packages)) {
    // The project itself, and links to its own folders, come from no registry.
    if (path === '' || link === true || !path.includes('node_modules/')) continue;
    const line = lines(JSON.stringify(path));
    const installed = name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (version === undefined) collector.note('a package without a version cannot be looked up');
    else if (!collector.add({ ecosystem: 'npm', name: installed, version, ...(line && { line }) })) break;
  }
  return collector.list();
}

/** `go.sum`. It names more than what is built: a module whose code was never needed has only the line of its go.mod, and is left out. */
export function readGoSum(file: string, text: string): PackageList {
  const collector = new PackageCollector(file);
  for (const [line, content] of linesOf(text)) {
    const [name, version, hash, ...rest] = content.trim().split(/\s+/);
    if (name === undefined || name === '') continue;
    if (version === undefined || !hash?.startsWith('h1:') || rest.length > 0)
      throw unreadable(file, `line ${line} is not "module version h1:hash"`);
    if (version.endsWith('/go.mod')) continue;
    if (!collector.add({ ecosystem: 'Go', name, version: version.replace(/^v/, ''), line })) break;
  }
  return collector.list();
}

/** name, extras, and `==` or `===` with a whole version; then a marker, hashes or nothing */
const PINNED = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*={2,3}\s*([^\s;,*]+)\s*(?:[;#].*|--hash.*)?$/;
const REQUIREMENT = /^[A-Za-z0-9]/;

/** `requirements.txt`: only what is pinned with `==` can be looked up; of what is not, a note says so. */
export function readRequirements(file: string, text: string): PackageList {
  const collector = new PackageCollector(file);
  let pending = '';
  let from = 1;
  for (const [line, content] of linesOf(text)) {
    if (pending === '') from = line;
    pending += content.replace(/(^|\s)#.*$/, '');
    if (pending.endsWith('\\')) {
      pending = `${pending.slice(0, -1)} `;
      continue;
    }
    // One blank for many: the patterns would take them apart in every way there is.
    const requirement = pending.replace(/\s+/g, ' ').trim();
    pending = '';
    const [, name, version] = PINNED.exec(requirement) ?? [];
    if (name !== undefined && version !== undefined) {
      if (!collector.add({ ecosystem: 'PyPI', name, version, line: from })) break;
    } else if (REQUIREMENT.test(requirement)) collector.note('a requirement that is not pinned with == cannot be looked up');
    else if (/^(-r|--requirement)\b/.test(requirement))
      collector.note('a list that another one includes is read under its own name only');
  }
  return collector.list();
}

const CARGO_MEMBER = /^(name|version|source)\s*=\s*"([^"\\]*)"\s*$/;

/** `Cargo.lock`, which cargo writes in one form only: a member a line. Packages without a source are the project's own. */
export function readCargoLock(file: string, text: string): PackageList {
  const collector = new PackageCollector(file);
  let found: { line: number; name?: string; version?: string; source?: string } | undefined;
  const close = () => {
    const { name, version, source, line = 1 } = found ?? {};
    if (name !== undefined && version !== undefined && source !== undefined)
      collector.add({ ecosystem: 'crates.io', name, version, line });
  };
  let isLock = false;
  for (const [line, content] of linesOf(text)) {
    const trimmed = content.trim();
    if (trimmed.startsWith('[')) {
      if (trimmed === '[[package]]' || /^\[[\w".-]+\]$/.test(trimmed)) close();
      found =
        trimmed === '[[package]]' ? { line } : trimmed.startsWith('[[') || /^\[[\w".-]+\]$/.test(trimmed) ? undefined : found;
      isLock ||= trimmed === '[[package]]';
      continue;
    }
    if (/^version\s*=\s*\d+$/.test(trimmed)) isLock = true;
    const [, member, value] = CARGO_MEMBER.exec(trimmed) ?? [];
    if (found && member !== undefined && value !== undefined) found = { ...found, [member]: value };
  }
  close();
  if (!isLock) throw unreadable(file, 'it is not what cargo writes');
  return collector.list();
}

function jsonOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw unreadable(file, `it is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

function* linesOf(text: string): Generator<[number, string]> {
  let number = 1;
  for (const line of text.split(/\r?\n/)) {
    yield [number, line];
    number += 1;
  }
}

/** Lines of texts that come one after the other: each is looked for from the last one on, so that a large file is read once. */
function lineFinder(text: string): (what: string) => number | undefined {
  let [at, line] = [0, 1];
  return (what) => {
    const found = text.indexOf(`${what}:`, at);
    if (found < 0) return undefined;
    for (let next = text.indexOf('\n', at); next >= 0 && next < found; next = text.indexOf('\n', next + 1)) line += 1;
    at = found;
    return line;
  };
}
