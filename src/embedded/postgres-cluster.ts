/** Making the files of the embedded PostgreSQL, once, so that a kill at any instant leaves either nothing or all of them. */
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ChandleryError } from '../domain/errors.ts';
import type { DataDirectory } from './data-dir.ts';
import { type Environment, partEnvironment } from './part-process.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { programOf } from './process-identity.ts';
import type { UnprivilegedRunner } from './unprivileged.ts';

/** Name of the database and of its owner. */
export const DATABASE = 'chandlery';

export interface PostgresCluster {
  /** Directory with PostgreSQL's own files. */
  directory: string;
  password: string;
}

interface ClusterOptions {
  data: DataDirectory;
  binaries: PostgresBinaries;
  runner: UnprivilegedRunner;
  env: Environment;
  signal: AbortSignal;
}

const PASSWORD_BYTES = 32;
const INIT_PREFIX = 'postgres.init-';
/** Of what a failed program printed, the end says why. */
const OUTPUT_TAIL_CHARACTERS = 2_000;

async function writeSecret(file: string, content: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Made once, then read back. Linked into place, so that it is never seen half-written. */
async function ensurePassword(data: DataDirectory): Promise<string> {
  const file = join(data.path, 'postgres.password');
  const existing = await readFile(file, 'utf8').catch(() => undefined);
  if (existing) return existing;
  const draft = `${file}.${randomUUID()}`;
  await writeSecret(draft, randomBytes(PASSWORD_BYTES).toString('base64url'));
  try {
    await link(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(file, 'utf8');
}

/** Runs one of PostgreSQL's programs to its end. */
function runProgram(options: ClusterOptions, binary: string, args: readonly string[], input: string): Promise<void> {
  const part = options.runner.command(binary, args);
  return new Promise((resolve, reject) => {
    const child = spawn(part.command, part.args, {
      cwd: '/',
      // Its own session, as every child: the terminal's Ctrl-C comes to us alone, and we pass on what is to happen.
      detached: true,
      env: partEnvironment(options.data, options.env),
      stdio: 'pipe',
      signal: options.signal,
      killSignal: 'SIGKILL',
      ...(part.uid === undefined ? {} : { uid: part.uid }),
      ...(part.gid === undefined ? {} : { gid: part.gid }),
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_TAIL_CHARACTERS);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.stdin.on('error', () => {}).end(input);
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}: ${output.trim()}`))));
  });
}

async function initialise(options: ClusterOptions, directory: string, password: string): Promise<void> {
  const { data, binaries, runner } = options;
  const draft = join(data.path, `${INIT_PREFIX}${randomUUID()}`);
  const cluster = join(draft, 'data');
  const passwordFile = join(draft, 'password');
  await mkdir(draft, { mode: 0o700 });
  await writeSecret(passwordFile, password);
  runner.own(draft);
  runner.own(passwordFile);
  const initdb = ['--pgdata', cluster, '--username', DATABASE, '--pwfile', passwordFile, '--auth', 'scram-sha-256'];
  try {
    await runProgram(options, binaries.initdb, [...initdb, '--encoding', 'UTF8', '--locale', 'C', '--no-instructions'], '');
    await runProgram(options, binaries.postgres, ['--single', '-D', cluster, 'template1'], `CREATE DATABASE ${DATABASE};\n`);
    await rename(cluster, directory);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function removeDrafts(data: DataDirectory): Promise<void> {
  const drafts = (await readdir(data.path)).filter(
    (name) => name.startsWith(INIT_PREFIX) || name.startsWith('postgres.password.'),
  );
  await Promise.all(drafts.map((name) => rm(join(data.path, name), { recursive: true, force: true })));
}

/**
 * PostgreSQL refuses to start while the pid in its pid file is in use, by whatever program: after a reboot, or in a container where
 * pids repeat, that would be a lock to clear by hand. We hold the data directory and have ended what an earlier run left.
 */
async function removeStalePidFile(directory: string): Promise<void> {
  const file = join(directory, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid)) return;
  const program = programOf(pid);
  // Where it is a PostgreSQL, that one decides: two on the same files would destroy them.
  if (program !== undefined && program !== 'postgres') await rm(file, { force: true });
}

/** Makes the cluster and its database if there are none yet. Fails with `store_unavailable`. */
export async function ensureCluster(options: ClusterOptions): Promise<PostgresCluster> {
  const { data, binaries } = options;
  const directory = join(data.path, 'postgres');
  await removeDrafts(data);
  const version = (await readFile(join(directory, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (version !== '' && version !== binaries.major) {
    throw new ChandleryError(
      'store_unavailable',
      `${directory} was made by PostgreSQL ${version}, this is ${binaries.major}. Use the earlier Chandlery to export it, or another data directory.`,
    );
  }
  const password = await ensurePassword(data);
  if (version === '') {
    await initialise(options, directory, password).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ChandleryError('store_unavailable', `the database in ${directory} could not be made: ${reason}`, {}, { cause });
    });
  }
  await removeStalePidFile(directory);
  return { directory, password };
}
