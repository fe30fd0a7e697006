import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { spawnPart } from './part-process.ts';
import { freePort } from './ports.ts';
import type { PartOptions } from './postgres.ts';
import { type Supervisor, superviseChild } from './supervisor.ts';

export interface TemporalOptions extends PartOptions {
  /** The `temporal` program. */
  cli: string;
  /** Whether its web page is served too. */
  ui: boolean;
}

export interface EmbeddedTemporal {
  /** host:port of the gRPC interface. */
  temporalAddress: string;
  temporalUiUrl?: string;
  supervisor: Supervisor;
}

/**
 * Measured: with the default poll rate of one per shard and second an operation of seven steps takes 750 ms on any storage, with
 * this 91 ms. Eager execution hands a step to the worker that asked for it without a turn through the queue: seven steps in 96 ms
 * instead of 122 on the same machine. The version check would call a server on the Internet.
 */
const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=10000',
  'system.enableActivityEagerExecution=true',
  'frontend.enableServerVersionCheck=false',
] as const;
/** Measured: 2-3 times the throughput. A power cut may lose the last commits, the death of a process does not. */
const SQLITE_PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'] as const;

const DATABASE_FILE = 'temporal.db';
/** Says that the database file was once complete. */
const COMPLETE_FILE = 'complete';
const NAMESPACE = 'default';
/** 90 days: longer than anybody looks back for an operation. */
const RETENTION_MS = 90 * 24 * 3_600_000;
const READY_POLL_MS = 20;
const CONNECT_TIMEOUT_MS = 2_000;
/** It writes what it holds and says goodbye to its workers; those are gone before it is asked to stop. */
const STOP_TIMEOUT_MS = 10_000;

/** The server makes the schema only when the file is absent, so one left by an interrupted first start would stay broken for ever. */
function removeIncompleteDatabase(directory: string): void {
  if (existsSync(join(directory, COMPLETE_FILE))) return;
  for (const name of readdirSync(directory)) if (name.startsWith(DATABASE_FILE)) rmSync(join(directory, name));
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function markComplete(directory: string): Promise<void> {
  const mark = join(directory, COMPLETE_FILE);
  if (existsSync(mark)) return;
  // The mark must not outlive, in a power cut, what it speaks of.
  const files = readdirSync(directory).filter((name) => name.startsWith(DATABASE_FILE));
  for (const name of files) await syncFile(join(directory, name));
  await writeFile(mark, '', { mode: 0o600 });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** The dev server would forget ended operations after a day; they must stay readable and replayable for longer. */
async function keepHistories(connection: Connection): Promise<void> {
  await connection.withDeadline(Date.now() + CONNECT_TIMEOUT_MS, () =>
    connection.workflowService.updateNamespace({
      namespace: NAMESPACE,
      config: { workflowExecutionRetentionTtl: msToTs(RETENTION_MS) },
    }),
  );
}

/** Resolves with a connection to a server that answers for our namespace; asks again until `signal` is aborted. */
async function waitUntilAnswers(port: number, signal: AbortSignal): Promise<Connection> {
  for (;;) {
    // A gRPC channel that was refused once waits a second before it tries again: ask the port first.
    if (await listens(port)) {
      const connection = Connection.lazy({ address: `127.0.0.1:${port}`, connectTimeout: CONNECT_TIMEOUT_MS });
      try {
        await connection.withDeadline(Date.now() + CONNECT_TIMEOUT_MS, () =>
          connection.workflowService.describeNamespace({ namespace: NAMESPACE }),
        );
        return connection;
      } catch (error) {
        await connection.close();
        if (signal.aborted) throw error;
      }
    }
    await sleep(READY_POLL_MS, undefined, { signal });
  }
}

function commandLine(databaseFile: string, ports: { grpc: number; http: number; ui: number | undefined }): string[] {
  const repeated = (flag: string, values: readonly string[]): string[] => values.flatMap((value) => [flag, value]);
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn', '--db-filename', databaseFile],
    ...['--port', String(ports.grpc), '--http-port', String(ports.http)],
    ...(ports.ui === undefined ? ['--headless'] : ['--ui-port', String(ports.ui)]),
    ...repeated('--dynamic-config-value', DYNAMIC_CONFIG),
    ...repeated('--sqlite-pragma', SQLITE_PRAGMAS),
  ];
}

/** Starts the Temporal dev server on a database file, on free ports of 127.0.0.1. Await `supervisor.started`. */
export async function startTemporal(options: TemporalOptions): Promise<EmbeddedTemporal> {
  const { data, env } = options;
  // A directory of its own: the server makes its files readable for all.
  const directory = join(data.path, 'temporal');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const ports = { grpc: await freePort(), http: await freePort(), ui: options.ui ? await freePort() : undefined };
  const command = { command: options.cli, args: commandLine(join(directory, DATABASE_FILE), ports) };
  const supervisor = superviseChild({
    name: 'temporal',
    spawn: () => {
      removeIncompleteDatabase(directory);
      return spawnPart(data, 'temporal', command, env);
    },
    ready: async (stop) => {
      const connection = await waitUntilAnswers(ports.grpc, stop);
      await keepHistories(connection);
      await connection.close();
      await markComplete(directory);
    },
    stopSignal: 'SIGINT',
    stopTimeoutMs: STOP_TIMEOUT_MS,
    log: options.log,
    onState: options.onState,
  });
  const temporalUiUrl = ports.ui === undefined ? {} : { temporalUiUrl: `http://127.0.0.1:${ports.ui}` };
  return { temporalAddress: `127.0.0.1:${ports.grpc}`, ...temporalUiUrl, supervisor };
}
