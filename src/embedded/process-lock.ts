/**
 * A lock between processes that nobody has to clear by hand. The lock is the highest numbered file of a directory; it belongs to
 * the process named in it for as long as that process runs. To take it, one links a complete file under the next number: linking
 * fails if the number is taken, so of all that saw the same dead holder exactly one wins. The highest file is never removed (a
 * release only marks it), so a slow contender can never get a number that was already used; it finds a higher one and gives way.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChandleryError } from '../domain/errors.ts';
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts';

export interface LockHolder extends ProcessIdentity {
  /** ISO time at which it took the lock. */
  since: string;
  /** True once it gave the lock back; absent after a kill. */
  released?: boolean;
}

export interface ProcessLock {
  /** The holder before us, if it ended without giving the lock back. */
  readonly deadHolder: LockHolder | undefined;
  release(): Promise<void>;
}

export type LockAttempt = { lock: ProcessLock } | { holder: LockHolder };

const LOCK_FILE = /^\d+$/;
/** Losing the link means somebody else made progress; this many in a row is no contention but a fault. */
const MAX_ATTEMPTS = 100;
const ATTEMPT_PAUSE_MS = 5;

async function highest(directory: string): Promise<number> {
  const names = await readdir(directory);
  return Math.max(0, ...names.filter((name) => LOCK_FILE.test(name)).map(Number));
}

async function readHolder(file: string): Promise<LockHolder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    // Removed by a later holder, or cut short by a power failure (files are linked only when complete): held by nobody.
    return undefined;
  }
}

async function writeWhole(directory: string, holder: LockHolder): Promise<string> {
  const file = join(directory, `${holder.pid}-${randomUUID()}.tmp`);
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(JSON.stringify(holder));
    await handle.sync();
  } finally {
    await handle.close();
  }
  return file;
}

/** True if `number` became ours. */
async function claim(directory: string, number: number, self: LockHolder): Promise<boolean> {
  const whole = await writeWhole(directory, self);
  const file = join(directory, String(number));
  try {
    await link(whole, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(whole, { force: true });
  }
  // Numbers below a live holder may have been swept away; then we re-made an old one, and the higher file is the lock.
  if ((await highest(directory)) === number) return true;
  await rm(file, { force: true });
  return false;
}

async function sweep(directory: string, mine: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const superseded = LOCK_FILE.test(name) ? Number(name) < mine : identityOf(Number.parseInt(name, 10)) === undefined;
    if (superseded) await rm(join(directory, name), { force: true });
  }
}

async function release(directory: string, number: number, self: LockHolder): Promise<void> {
  await rename(await writeWhole(directory, { ...self, released: true }), join(directory, String(number)));
}

/**
 * Tries once to take the lock kept in `directory` (created if absent). Answers the lock, or its living holder; a second attempt of
 * the same process is refused like any other. Not for a directory shared by several machines or pid namespaces.
 */
export async function tryProcessLock(directory: string): Promise<LockAttempt> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const identity = identityOf(process.pid);
  if (!identity)
    throw new ChandleryError(
      'internal',
      `this system does not tell the start time of process ${process.pid}, so no lock can be taken`,
    );
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const number = await highest(directory);
    const holder = number === 0 ? undefined : await readHolder(join(directory, String(number)));
    if (holder && !holder.released && isRunning(holder)) return { holder };
    const self: LockHolder = { ...identity, since: new Date().toISOString() };
    if (await claim(directory, number + 1, self)) {
      await sweep(directory, number + 1);
      const deadHolder = holder && !holder.released ? holder : undefined;
      return { lock: { deadHolder, release: () => release(directory, number + 1, self) } };
    }
    await sleep(ATTEMPT_PAUSE_MS);
  }
  throw new ChandleryError('internal', `the lock in ${directory} could not be taken in ${MAX_ATTEMPTS} attempts`);
}
