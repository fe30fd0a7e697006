import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { endOrphans, findMarked } from '../../src/embedded/orphans.ts';
import { programOf } from '../../src/embedded/process-identity.ts';
import { killGroup } from '../../tools/process-group.ts';
import type { Cleanup } from '../cleanup.ts';
import type { Figure } from '../figures.ts';
import { median, round } from '../figures.ts';

const START_GOAL_SECONDS = 3;
const MEMORY_GOAL_MB = 300;
const STARTS = 3;
/** How long after its ready line the idle server is looked at, milliseconds. */
const IDLE_MS = 10_000;
const READY_LIMIT_MS = 120_000;
const KB_PER_MB = 1_024;

/**
 * Seconds from `npm start` on an existing data directory to its ready line, and what the idle processes hold in memory.
 * `dir` holds a registries.yaml and nothing else: the first start, which makes the data directory, is not counted.
 */
export async function measureServerStart(dir: string, cleanup: Cleanup): Promise<{ figures: Figure[]; notes: string[] }> {
  const first = await npmStart(dir, cleanup);
  await first.stop();
  const seconds: number[] = [];
  let memory: Memory | undefined;
  for (let run = 1; run <= STARTS; run += 1) {
    const server = await npmStart(dir, cleanup);
    seconds.push(server.seconds);
    if (run === STARTS) memory = await readMemory(dir, server.pid);
    await server.stop();
  }
  const figures: Figure[] = [{ name: 'warm-start', value: median(seconds), unit: 's', goal: START_GOAL_SECONDS }];
  const notes = [`warm-start: first start on an empty data directory ${round(first.seconds)} s`];
  if (memory) {
    figures.push({ name: 'idle-memory', value: memory.node, unit: 'MB', goal: MEMORY_GOAL_MB });
    notes.push(
      `idle-memory: embedded PostgreSQL ${round(memory.postgres)} MB (shared pages once), Temporal ${round(memory.temporal)} MB`,
    );
  }
  return { figures, notes };
}

interface Server {
  /** From the command to the ready line. */
  seconds: number;
  /** Of the Node process, not of npm. */
  pid: number;
  stop(): Promise<void>;
}

async function npmStart(dir: string, cleanup: Cleanup): Promise<Server> {
  const startedAt = performance.now();
  const npm = spawn('npm', ['start'], {
    cwd: PACKAGE_ROOT,
    env: serverEnv(dir),
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = new Promise<void>((resolve) => npm.once('exit', () => resolve()));
  cleanup.add(() => endServer(npm, dir));
  const ready = new Promise<number>((resolve) => {
    createInterface({ input: npm.stdout }).on('line', (line) => line.startsWith('ready ') && resolve(performance.now()));
  });
  const late = sleep(READY_LIMIT_MS, undefined, { ref: false });
  const readyAt = await Promise.race([ready, exited, late]);
  if (readyAt === undefined) throw new Error(`npm start was not ready within ${READY_LIMIT_MS / 1_000} s, or ended before`);
  const pid = await holderOf(dir);
  return {
    seconds: (readyAt - startedAt) / 1_000,
    pid,
    async stop() {
      process.kill(pid, 'SIGTERM');
      await exited;
    },
  };
}

/** For one that was not stopped in order: npm and Node by their group, then the parts, which have sessions of their own. */
async function endServer(npm: ChildProcess, dir: string): Promise<void> {
  if (npm.exitCode === null && npm.signalCode === null) killGroup(npm);
  await endOrphans(findMarked(join(dir, 'data')));
}

/** Everything of its own, so that nothing of the user's is used or changed. */
function serverEnv(dir: string): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, TEMPORAL_ADDRESS: _engine, ...env } = process.env;
  return {
    ...env,
    CHANDLERY_PORT: '0',
    CHANDLERY_DATA_DIR: join(dir, 'data'),
    CHANDLERY_REGISTRIES: join(dir, 'registries.yaml'),
    CHANDLERY_LOG_LEVEL: 'warn',
  };
}

/** The process that holds the data directory: the parent of its children. */
async function holderOf(dir: string): Promise<number> {
  const children = JSON.parse(await readFile(join(dir, 'data', 'children.json'), 'utf8')) as Record<string, { pid: number }>;
  const child = Object.values(children)[0];
  const status = await readFile(`/proc/${child?.pid}/status`, 'utf8');
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
}

interface Memory {
  node: number;
  postgres: number;
  temporal: number;
}

/** MB. */
async function readMemory(dir: string, pid: number): Promise<Memory> {
  await sleep(IDLE_MS);
  const memory: Memory = { node: await readKb(`/proc/${pid}/status`, 'VmRSS'), postgres: 0, temporal: 0 };
  for (const child of findMarked(join(dir, 'data'))) {
    const program = programOf(child.pid);
    if (program === 'temporal') memory.temporal += await readKb(`/proc/${child.pid}/status`, 'VmRSS');
    // PostgreSQL's processes share most of what they hold: their parts of it add up, their RSS do not.
    if (program === 'postgres') memory.postgres += await readKb(`/proc/${child.pid}/smaps_rollup`, 'Pss');
  }
  return { node: memory.node / KB_PER_MB, postgres: memory.postgres / KB_PER_MB, temporal: memory.temporal / KB_PER_MB };
}

async function readKb(file: string, member: string): Promise<number> {
  return Number(new RegExp(`^${member}:\\s+(\\d+) kB$`, 'm').exec(await readFile(file, 'utf8'))?.[1]);
}
