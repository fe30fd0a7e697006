import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDirectory } from './data-dir.ts';
import { CHILD_MARKER } from './orphans.ts';

/** What to start, and as whom. */
export interface PartCommand {
  command: string;
  args: readonly string[];
  uid?: number;
  gid?: number;
}

/** Variables handed to us for the children; only those in `PASSED_ON` reach them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything else (credentials, proxies, the settings of other Temporal installations) is no business of a child. */
const PASSED_ON = ['PATH', 'TMPDIR'] as const;
/** A log larger than this when the part starts is moved aside, over the one moved aside before. */
const MAX_LOG_BYTES = 10 * 1024 * 1024;

/** Environment of a child: a path, a home of its own below the data directory, and the mark by which orphans are found. */
export function partEnvironment(data: DataDirectory, env: Environment): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { ...Object.fromEntries(passed), HOME: join(data.path, 'home'), LC_ALL: 'C', TZ: 'UTC', [CHILD_MARKER]: data.path };
}

/** The log file of a part. */
export function partLog(data: DataDirectory, name: string): string {
  return join(data.path, 'logs', `${name}.log`);
}

function openLog(file: string): number {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_LOG_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

/** Starts a part in a session of its own (a Ctrl-C of the terminal must not reach it), writing to its log, and records its pid. */
export function spawnPart(data: DataDirectory, name: string, part: PartCommand, env: Environment): ChildProcess {
  const log = openLog(partLog(data, name));
  try {
    const child = spawn(part.command, part.args, {
      cwd: data.path,
      detached: true,
      env: partEnvironment(data, env),
      stdio: ['ignore', log, log],
      ...(part.uid === undefined ? {} : { uid: part.uid }),
      ...(part.gid === undefined ? {} : { gid: part.gid }),
    });
    if (child.pid !== undefined) data.recordChild(name, child.pid);
    return child;
  } finally {
    closeSync(log);
  }
}

/** Last lines of a part's log, for an error message. */
export function logTail(data: DataDirectory, name: string, lines = 5): string {
  try {
    return readFileSync(partLog(data, name), 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}
