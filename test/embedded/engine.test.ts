import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { type Engine, type EngineOptions, startEngine } from '../../src/embedded/engine.ts';
import type { PartStatus } from '../../src/embedded/supervisor.ts';
import { acquireTemporalCli } from '../../tools/temporal-cli.ts';
import { killHard, processesNaming, runScript, temporaryDirectory, until } from './support/processes.ts';

/** Building the Temporal CLI on a machine that has nothing yet. */
const BUILD_TIMEOUT_MS = 15 * 60_000;
const START_TIMEOUT_MS = 60_000;

const cacheDir = join(homedir(), '.cache', 'chandlery');
const log = (): void => {};

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const running = new Set<Engine>();

async function start(change: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await startEngine({ dataDir: join(directory.path, 'data'), cacheDir, env: process.env, log, ...change });
  running.add(engine);
  return engine;
}

async function query(engine: Engine, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: engine.databaseUrl });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withTemporal<T>(engine: Engine, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: engine.temporalAddress });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

const startWorkflow = (engine: Engine, workflowId: string): Promise<unknown> =>
  withTemporal(engine, ({ workflow }) => workflow.start('nobody', { workflowId, taskQueue: 'nobody' }));
const statusOf = (engine: Engine, workflowId: string): Promise<string> =>
  withTemporal(engine, async ({ workflow }) => (await workflow.getHandle(workflowId).describe()).status.name);

function part(engine: Engine, name: string): PartStatus {
  const found = engine.parts().find((each) => each.name === name);
  if (!found) throw new Error(`no part ${name}`);
  return found;
}

beforeAll(async () => {
  await acquireTemporalCli({ cacheDir, env: process.env, log });
}, BUILD_TIMEOUT_MS);
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  for (const engine of running) await engine.stop();
  running.clear();
  const left = await processesNaming(directory.path);
  await directory.remove();
  expect(left).toEqual([]);
}, START_TIMEOUT_MS);
afterAll(() => {
  expect(running.size).toBe(0);
});

describe('startEngine', () => {
  it(
    'starts a PostgreSQL and a Temporal that keep what they are given over a restart',
    async () => {
      const first = await start();
      await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await startWorkflow(first, 'kept');
      await first.stop();

      const second = await start();
      expect(await query(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
      expect(await statusOf(second, 'kept')).toBe('RUNNING');
    },
    START_TIMEOUT_MS,
  );

  it(
    'serves the Temporal page unless told not to',
    async () => {
      const { temporalUiUrl = '' } = await start();
      await until(async () => (await fetch(temporalUiUrl).catch(() => undefined))?.status === 200);
      const other = await temporaryDirectory();
      const plain = await start({ dataDir: other.path, temporalUi: false });
      expect(plain.temporalUiUrl).toBeUndefined();
      await plain.stop();
      await other.remove();
    },
    START_TIMEOUT_MS,
  );

  it(
    'keeps the database to those who have its password',
    async () => {
      const engine = await start();
      const file = join(directory.path, 'data', 'postgres.password');
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(engine.databaseUrl).toContain(await readFile(file, 'utf8'));
      const url = new URL(engine.databaseUrl);
      url.password = 'guessed';
      await expect(query({ ...engine, databaseUrl: url.href }, 'SELECT 1')).rejects.toThrow('password authentication failed');
      const settings =
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'listen_addresses', 'unix_socket_directories', 'server_encoding') ORDER BY name";
      expect(await query(engine, settings)).toEqual([
        { name: 'fsync', setting: 'on' },
        { name: 'listen_addresses', setting: '127.0.0.1' },
        { name: 'server_encoding', setting: 'UTF8' },
        { name: 'unix_socket_directories', setting: '' },
      ]);
    },
    START_TIMEOUT_MS,
  );

  it('holds nothing when both are given from outside', async () => {
    const given = { databaseUrl: 'postgres://elsewhere/db', temporalAddress: 'elsewhere:7233' };
    const engine = await start(given);
    expect(engine).toMatchObject(given);
    expect(engine.parts()).toEqual([]);
    await expect(stat(join(directory.path, 'data'))).rejects.toThrow('ENOENT');
  });

  it(
    'is not disturbed by what an interrupted first start left',
    async () => {
      const data = join(directory.path, 'data');
      await mkdir(join(data, 'postgres.init-left', 'data'), { recursive: true });
      await mkdir(join(data, 'temporal'));
      await writeFile(join(data, 'temporal', 'temporal.db'), 'half a database');
      const engine = await start();
      await startWorkflow(engine, 'first');
      expect(await readdir(data)).not.toContain('postgres.init-left');
    },
    START_TIMEOUT_MS,
  );

  it(
    'starts though the pid in a stale pid file is in use by another program',
    async () => {
      await (await start()).stop();
      const stale = [process.pid, join(directory.path, 'data', 'postgres'), 1_700_000_000, 5432, '', '127.0.0.1', '', 'ready'];
      await writeFile(join(directory.path, 'data', 'postgres', 'postmaster.pid'), `${stale.join('\n')}\n`);
      expect(await query(await start(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    },
    START_TIMEOUT_MS,
  );

  describe('on a data directory in use', () => {
    it(
      'fails with data_directory_in_use',
      async () => {
        await start();
        await expect(start()).toFailWith('data_directory_in_use');
      },
      START_TIMEOUT_MS,
    );
  });

  describe('when one part cannot start', () => {
    it(
      'fails with its reason and leaves nothing running',
      async () => {
        await (await start()).stop();
        // From here on a cluster of another PostgreSQL's making.
        await writeFile(join(directory.path, 'data', 'postgres', 'PG_VERSION'), '9.6\n');
        await expect(start()).toFailWith('store_unavailable');
      },
      START_TIMEOUT_MS,
    );
  });

  describe('when told to stop while it starts', () => {
    it(
      'fails with cancelled, and the next start succeeds',
      async () => {
        const signal = AbortSignal.timeout(150);
        await expect(start({ signal })).toFailWith('cancelled');
        expect(await query(await start(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      },
      START_TIMEOUT_MS,
    );
  });
});

describe('a running engine', () => {
  for (const name of ['postgres', 'temporal']) {
    it(
      `brings a killed ${name} back at the same address`,
      async () => {
        const engine = await start();
        const id = randomUUID();
        await query(engine, 'CREATE TABLE kept AS SELECT 42 AS answer');
        await startWorkflow(engine, id);
        const states: PartStatus[] = [];
        const stopListening = engine.onPartState((status) => states.push(status));
        process.kill(part(engine, name).pid ?? 0, 'SIGKILL');
        await until(() => part(engine, name).restarts > 0 && part(engine, name).state === 'running');
        stopListening();
        expect(states.filter((status) => status.name === name).map(({ state }) => state)).toContain('restarting');
        expect(part(engine, name).lastError).toBe('ended by SIGKILL');
        expect(await query(engine, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
        expect(await statusOf(engine, id)).toBe('RUNNING');
      },
      START_TIMEOUT_MS,
    );
  }

  describe('when its process is killed', () => {
    it(
      'is followed by one that ends its orphans and has its data',
      async () => {
        const dataDir = join(directory.path, 'data');
        const { child, line } = await runScript<{ parts: PartStatus[]; databaseUrl: string }>('run-engine.ts', dataDir);
        await query({ databaseUrl: line.databaseUrl } as Engine, 'CREATE TABLE kept AS SELECT 42 AS answer');
        await killHard(child);
        expect(await processesNaming(directory.path)).not.toEqual([]);
        const lines: string[] = [];
        const engine = await start({ log: (text) => lines.push(text) });
        expect(lines).toContainEqual(expect.stringContaining('an earlier run left behind'));
        expect(await query(engine, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
        const old = line.parts.map(({ pid }) => pid);
        expect(engine.parts().filter(({ pid }) => old.includes(pid))).toEqual([]);
      },
      START_TIMEOUT_MS,
    );
  });
});
