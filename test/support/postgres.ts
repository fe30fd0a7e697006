import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openDataDirectory } from '../../src/embedded/data-dir.ts';
import { startEngine } from '../../src/embedded/engine.ts';
import { freePort } from '../../src/embedded/ports.ts';
import { ensureCluster } from '../../src/embedded/postgres-cluster.ts';
import { findUnprivilegedRunner } from '../../src/embedded/unprivileged.ts';

/** The PostgreSQL servers that the store must work on: the one that we bring along, and the oldest that we say we support. */

export interface TestServer {
  url: string;
  close(): Promise<void>;
}

const DEBIAN_15 = '/usr/lib/postgresql/15/bin';
const START_WITHIN_MS = 30_000;
const silent = () => undefined;

/** The version 15 to test with: DATABASE_URL_15, else Debian's own program; undefined, and said so, when there is neither. */
export function postgres15(): (() => Promise<TestServer>) | undefined {
  const url = process.env.DATABASE_URL_15;
  if (url) return () => freshDatabase(url);
  if (existsSync(join(DEBIAN_15, 'postgres'))) return startDebian15;
  process.stderr.write(
    `\n*** NOT TESTED on PostgreSQL 15: there is no ${DEBIAN_15}/postgres (Debian: apt-get install postgresql-15), and DATABASE_URL_15 is not set ***\n\n`,
  );
  return undefined;
}

export async function startEmbedded(): Promise<TestServer> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-store-'));
  const engine = await startEngine({
    dataDir: dir,
    cacheDir: join(homedir(), '.cache', 'chandlery'),
    env: process.env,
    // Given from outside, so that only PostgreSQL is started; nothing calls it.
    temporalAddress: '127.0.0.1:1',
    log: silent,
  });
  return {
    url: engine.databaseUrl,
    async close() {
      await engine.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A database of its own on somebody's server, dropped at the end. */
async function freshDatabase(url: string): Promise<TestServer> {
  const name = `chandlery_test_${process.pid}_${Date.now()}`;
  const admin = async (sql: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await admin(`create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { url: own.href, close: () => admin(`drop database ${name} with (force)`) };
}

async function startDebian15(): Promise<TestServer> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-store-15-'));
  const binaries = { initdb: join(DEBIAN_15, 'initdb'), postgres: join(DEBIAN_15, 'postgres'), major: '15' };
  const data = await openDataDirectory(dir, silent);
  const runner = findUnprivilegedRunner(binaries.postgres, dir, process.env.PATH);
  const { signal } = new AbortController();
  const cluster = await ensureCluster({ data, binaries, runner, env: process.env, signal });
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'].flatMap((setting) => ['-c', setting]);
  const { command, args, uid, gid } = runner.command(binaries.postgres, [
    '-D',
    cluster.directory,
    '-p',
    String(port),
    ...settings,
  ]);
  const child = spawn(command, args, { stdio: 'ignore', ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `postgres://chandlery:${cluster.password}@127.0.0.1:${port}/chandlery`;
  await untilAnswers(url);
  return {
    url,
    async close() {
      child.kill('SIGINT');
      await ended;
      await data.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function untilAnswers(url: string): Promise<void> {
  for (const deadline = Date.now() + START_WITHIN_MS; ; ) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', silent);
    try {
      await client.connect();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await client.end().catch(silent);
    }
  }
}
