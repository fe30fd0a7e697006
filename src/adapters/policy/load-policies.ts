import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ChandleryError } from '../../domain/errors.ts';
import { bookOf, type PolicyBook } from '../../domain/policy/book.ts';
import type { PolicyEngine, PolicyRule } from '../../domain/policy/engine.ts';
import { parseFixtures, tryFixtures } from '../../domain/policy/fixtures.ts';
import { type PolicyFile, parsePolicyFile } from '../../domain/policy/policy-file.ts';

/** Reads the folder of policies at a server's start: what is wrong in it keeps the server from starting, and is told with file and line. */

const POLICY = /\.ya?ml$/;
const FIXTURES = /\.fixtures\.ya?ml$/;
/** Files of one folder. */
const MAX_FILES = 500;
/** Bytes; the YAML limits are below it. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Fails with config_invalid: no such folder, a file that is not valid, an expression that does not compile, an example that comes out otherwise. */
export async function loadPolicies(folder: string, engine: PolicyEngine): Promise<PolicyBook> {
  const names = await filesOf(folder);
  const files: PolicyFile[] = [];
  for (const name of names.filter((file) => !FIXTURES.test(file))) {
    const path = join(folder, name);
    const file = parsePolicyFile(await textOf(path), path, engine);
    const fixtures = names.find((other) => FIXTURES.test(other) && stem(other) === stem(name));
    if (fixtures) await checkFixtures(join(folder, fixtures), path, file.rules, engine);
    files.push(file);
  }
  refuseStrayFixtures(folder, names);
  return bookOf(files);
}

async function filesOf(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => POLICY.test(name)).sort();
  } catch (error) {
    throw invalid(`the folder of policies ${folder} (CHANDLERY_POLICIES, or --policies) cannot be read`, error);
  }
  if (names.length > MAX_FILES) throw invalid(`${folder} holds ${names.length} files, ${MAX_FILES} are allowed`);
  return names;
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_FILE_BYTES) return await readFile(path, 'utf8');
  } catch (error) {
    throw invalid(`${path} cannot be read`, error);
  }
  throw invalid(`${path} is longer than ${MAX_FILE_BYTES} bytes`);
}

async function checkFixtures(path: string, policy: string, rules: readonly PolicyRule[], engine: PolicyEngine): Promise<void> {
  const problems = await tryFixtures(rules, parseFixtures(await textOf(path), path), engine);
  if (problems.length === 0) return;
  throw invalid(`${policy} does not do what its examples in ${path} say: it ${problems.join('; it ')}`);
}

/** Examples of a policy that was renamed or removed test nothing. */
function refuseStrayFixtures(folder: string, names: readonly string[]): void {
  const stray = names.find(
    (name) => FIXTURES.test(name) && !names.some((other) => !FIXTURES.test(other) && stem(other) === stem(name)),
  );
  if (stray !== undefined) throw invalid(`${join(folder, stray)} has no policy file beside it`);
}

function stem(name: string): string {
  return name.replace(FIXTURES, '').replace(POLICY, '');
}

function invalid(message: string, cause?: unknown): ChandleryError {
  return new ChandleryError('config_invalid', message, {}, { cause });
}
