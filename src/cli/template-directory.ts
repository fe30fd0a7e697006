import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_ARCHIVE_LIMITS } from '../domain/archive.ts';
import { contentHash } from '../domain/content-hash.ts';
import type { ErrorIssue } from '../domain/errors.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { TemplateManifest } from '../domain/template.ts';
import { MANIFEST_FILE } from '../domain/template.ts';
import { parseTemplate } from '../domain/template-parse.ts';
import type { HashJudgement } from '../domain/trust.ts';
import { judgeHash } from '../domain/trust.ts';
import { MANIFEST_YAML_LIMITS, readYaml } from '../domain/yaml-limits.ts';
import { isFile } from './directory-argument.ts';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';

/** A template as a directory: what its files say, judged as an install would judge its archive. */

/** A problem with the file it is in. */
export interface FileIssue extends ErrorIssue {
  file: string;
}

export interface CheckedDirectory {
  manifest?: TemplateManifest;
  /** Lower-case hex; absent where the files could not be read. */
  contentHash?: string;
  trust?: HashJudgement;
  issues: FileIssue[];
}

/** `FILE:LINE:COLUMN: PLACE: MESSAGE`, as compilers write it. */
export function issueLine({ file, line = 1, column = 1, path, message }: FileIssue): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

/** Reads and judges. Fails with a CliError (exit code 3) where there is no template.yaml. */
export async function checkDirectory(dir: string): Promise<CheckedDirectory> {
  const file = join(dir, MANIFEST_FILE);
  const text = await readManifest(dir, file);
  const parsed = parse(text, file);
  const hashed = await hashFiles(dir);
  const issues = [...parsed.issues, ...hashed.issues];
  if (hashed.contentHash === undefined) return { ...parsed, issues };
  if (!parsed.manifest) return { contentHash: hashed.contentHash, issues };
  const trust = judgeHash(parsed.manifest.trust, hashed.contentHash);
  if (trust.mismatch)
    issues.push({ file, path: '/trust/sha256', message: trust.note, ...readYaml(text, { file }).locate('/trust/sha256') });
  return { manifest: parsed.manifest, contentHash: hashed.contentHash, trust, issues };
}

async function readManifest(dir: string, file: string): Promise<string> {
  if (!(await isFile(file))) throw new CliError(await missing(dir));
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // One byte more than allowed, so that the parser's own limit speaks.
    const buffer = Buffer.alloc(MANIFEST_YAML_LIMITS.maxBytes + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}

/** Templates lie in NAME/VERSION/, so one directory too high is the likely slip. */
async function missing(dir: string) {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return { message: `${dir} is not a directory that can be read`, exitCode: EXIT.notFound };
  const below = entries.filter((entry) => entry.isDirectory()).slice(0, 100);
  const found = await Promise.all(below.map((entry) => isFile(join(dir, entry.name, MANIFEST_FILE))));
  const alternatives = below.filter((_, at) => found[at]).map((entry) => join(dir, entry.name));
  return {
    message: `there is no ${MANIFEST_FILE} in ${dir}`,
    exitCode: EXIT.notFound,
    guidance: `Name a directory that holds a ${MANIFEST_FILE}.`,
    ...(alternatives.length > 0 && { alternatives }),
  };
}

function parse(text: string, file: string): Pick<CheckedDirectory, 'manifest'> & { issues: FileIssue[] } {
  try {
    return { manifest: parseTemplate(text, file), issues: [] };
  } catch (error) {
    if (!(error instanceof ChandleryError)) throw error;
    const issues = error.details.issues ?? [{ path: '', message: error.message }];
    return { issues: issues.map((issue) => ({ file, ...issue })) };
  }
}

async function hashFiles(dir: string): Promise<{ contentHash?: string; issues: FileIssue[] }> {
  const found: string[] = [];
  const issues: FileIssue[] = [];
  await listFiles(dir, '', found, issues);
  if (issues.length > 0) return { issues };
  const files: Array<{ path: string; sha256: string }> = [];
  for (const path of found) files.push({ path, sha256: await hashFile(join(dir, path)) });
  return { contentHash: contentHash(files), issues };
}

async function listFiles(dir: string, under: string, found: string[], issues: FileIssue[]): Promise<void> {
  for (const entry of await readdir(join(dir, under), { withFileTypes: true })) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) await listFiles(dir, path, found, issues);
    else if (entry.isFile()) await take(dir, path, found, issues);
    else
      issues.push({
        file: join(dir, path),
        path: '',
        message: 'is neither a file nor a directory; put the file itself into the package',
      });
    if (found.length > DEFAULT_ARCHIVE_LIMITS.maxEntries) {
      throw new ChandleryError('too_large', `${dir} holds more than ${DEFAULT_ARCHIVE_LIMITS.maxEntries} files`);
    }
  }
}

async function take(dir: string, path: string, found: string[], issues: FileIssue[]): Promise<void> {
  const { maxFileBytes } = DEFAULT_ARCHIVE_LIMITS;
  const { size } = await stat(join(dir, path));
  if (size > maxFileBytes)
    issues.push({ file: join(dir, path), path: '', message: `is ${size} bytes long, at most ${maxFileBytes} are allowed` });
  found.push(path);
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
