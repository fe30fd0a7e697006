import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DataDirectory } from './data-dir.ts';
import { type Environment, spawnPart } from './part-process.ts';
import { freePort } from './ports.ts';
import { locatePostgres } from './postgres-binaries.ts';
import { DATABASE, ensureCluster } from './postgres-cluster.ts';
import { type PartStatus, type Supervisor, superviseChild } from './supervisor.ts';
import { findUnprivilegedRunner } from './unprivileged.ts';

export interface PartOptions {
  data: DataDirectory;
  env: Environment;
  log(line: string): void;
  onState(status: PartStatus): void;
  signal: AbortSignal;
}

export interface EmbeddedPostgres {
  /** With the password: never log it. */
  databaseUrl: string;
  supervisor: Supervisor;
}

/**
 * One user's marketplace on a laptop: measured, the server stays below 60 MB. What is not named here is PostgreSQL's default;
 * fsync above all stays on.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  shared_buffers: '32MB',
  effective_cache_size: '256MB',
  // API and worker pools, migrations and a person with psql.
  max_connections: '50',
  max_wal_size: '256MB',
  // Reading ahead by worker processes pays on large disks; each is one more process here.
  io_method: 'sync',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  autovacuum_max_workers: '1',
  // Compiling a query costs more than any of ours takes.
  jit: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

const READY_POLL_MS = 15;
const CONNECT_TIMEOUT_MS = 2_000;
/** Fast shutdown writes a checkpoint first. */
const STOP_TIMEOUT_MS = 20_000;

async function answers(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A server that dies under the connection raises it as an event besides the rejected promise.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => {});
  }
}

async function waitUntilAnswers(databaseUrl: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await answers(databaseUrl);
    } catch (error) {
      if (signal.aborted) throw error;
    }
    await sleep(READY_POLL_MS, undefined, { signal });
  }
}

/** Starts the PostgreSQL that travels with the npm package, on a free port of 127.0.0.1. Await `supervisor.started`. */
export async function startPostgres({ data, env, log, onState, signal }: PartOptions): Promise<EmbeddedPostgres> {
  const binaries = await locatePostgres();
  const runner = findUnprivilegedRunner(binaries.postgres, data.path, env.PATH);
  const cluster = await ensureCluster({ data, binaries, runner, env, signal });
  const port = await freePort();
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = runner.command(binaries.postgres, ['-D', cluster.directory, '-p', String(port), ...settings]);
  const databaseUrl = `postgres://${DATABASE}:${cluster.password}@127.0.0.1:${port}/${DATABASE}`;
  const supervisor = superviseChild({
    name: 'postgres',
    spawn: () => spawnPart(data, 'postgres', command, env),
    ready: (stop) => waitUntilAnswers(databaseUrl, stop),
    stopSignal: 'SIGINT',
    stopTimeoutMs: STOP_TIMEOUT_MS,
    log,
    onState,
  });
  return { databaseUrl, supervisor };
}
