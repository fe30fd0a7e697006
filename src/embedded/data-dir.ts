import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ChandleryError } from '../domain/errors.ts';
import { endOrphans, findMarked } from './orphans.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';
import { type ProcessLock, tryProcessLock } from './process-lock.ts';

/** The data directory, held by this process alone. */
export interface DataDirectory {
  /** Absolute path without symbolic links. */
  readonly path: string;
  /** Writes down a child, so that the next holder ends it if this process is killed. Synchronous: nothing may come in between. */
  recordChild(name: string, pid: number): void;
  /** Gives the directory back. Call it after every child has ended. */
  close(): Promise<void>;
}

const CHILDREN_FILE = 'children.json';

function readChildren(file: string): ProcessIdentity[] {
  try {
    return Object.values<ProcessIdentity>(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Absent after a clean end; cut short only by a power failure, which ended the children too.
    return [];
  }
}

function childRecorder(file: string): DataDirectory['recordChild'] {
  const children: Record<string, ProcessIdentity> = {};
  return (name, pid) => {
    const identity = identityOf(pid);
    if (!identity) return;
    children[name] = identity;
    writeFileSync(`${file}.tmp`, JSON.stringify(children), { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  };
}

async function endEarlierChildren(path: string, file: string, lock: ProcessLock, log: (line: string) => void): Promise<void> {
  const candidates = readChildren(file);
  // Only a killed holder can have left a child that it had no time to write down.
  const marked = lock.deadHolder ? findMarked(path) : [];
  const known = new Set(candidates.map(({ pid }) => pid));
  const ended = await endOrphans([...candidates, ...marked.filter(({ pid }) => !known.has(pid))]);
  if (ended.length > 0)
    log(`ended ${ended.length} process(es) that an earlier run left behind: ${ended.map(({ pid }) => pid).join(', ')}`);
  await rm(file, { force: true });
}

/**
 * Creates the data directory (mode 0700) if need be, takes it for this process alone and ends what a killed holder left running.
 * Fails with `data_directory_in_use` while another process holds it.
 */
export async function openDataDirectory(directory: string, log: (line: string) => void = () => {}): Promise<DataDirectory> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = await realpath(directory);
  await chmod(path, 0o700);
  const attempt = await tryProcessLock(join(path, 'lock'));
  if ('holder' in attempt) {
    const { pid, since } = attempt.holder;
    throw new ChandleryError('data_directory_in_use', `the data directory ${path} is in use by process ${pid} since ${since}`);
  }
  const { lock } = attempt;
  const file = join(path, CHILDREN_FILE);
  try {
    await endEarlierChildren(path, file, lock, log);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    path,
    recordChild: childRecorder(file),
    close: async () => {
      await rm(file, { force: true });
      await lock.release();
    },
  };
}
