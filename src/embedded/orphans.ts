import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChandleryError } from '../domain/errors.ts';
import { identityOf, isRunning, type ProcessIdentity, parentOf } from './process-identity.ts';

/** Every child carries the data directory it serves in this variable, so that it is found even if its pid was never written down. */
export const CHILD_MARKER = 'CHANDLERY_CHILD_OF';

/** PostgreSQL's fast shutdown writes a checkpoint; on a slow disk that takes seconds. */
const GRACE_MS = 10_000;
/** After SIGKILL only the kernel's own clean-up is left. */
const KILL_GRACE_MS = 5_000;
const POLL_MS = 20;

function carriesMarker(pid: number, marker: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(marker);
  } catch {
    // Ended meanwhile, or another user's process: not a child of ours.
    return false;
  }
}

/** Children of a data directory found by their environment; empty on systems without /proc. */
export function findMarked(dataDirectory: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  const marker = `${CHILD_MARKER}=${dataDirectory}`;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map(Number)
    .filter((pid) => pid !== process.pid && carriesMarker(pid, marker))
    .flatMap((pid) => identityOf(pid) ?? []);
}

async function waitUntilGone(processes: readonly ProcessIdentity[], timeoutMs: number): Promise<ProcessIdentity[]> {
  const deadline = Date.now() + timeoutMs;
  let left = processes.filter(isRunning);
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(POLL_MS);
    left = left.filter(isRunning);
  }
  return left;
}

function signalAll(processes: readonly ProcessIdentity[], signal: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/**
 * Ends processes that nobody holds as a child: SIGINT (PostgreSQL's fast shutdown, the graceful one of the others) unless told
 * otherwise, then SIGKILL. Returns those it found running. Fails with `internal` if one outlives SIGKILL.
 */
export async function endOrphans(
  candidates: readonly ProcessIdentity[],
  signal: 'SIGINT' | 'SIGKILL' = 'SIGINT',
): Promise<ProcessIdentity[]> {
  const orphans = candidates.filter(isRunning);
  const pids = new Set(orphans.map(({ pid }) => pid));
  // A child of another orphan is ended by its parent; SIGINT means something else to a PostgreSQL backend.
  signalAll(
    orphans.filter(({ pid }) => !pids.has(parentOf(pid) ?? 0)),
    signal,
  );
  const stubborn = await waitUntilGone(orphans, GRACE_MS);
  signalAll(stubborn, 'SIGKILL');
  const [survivor] = await waitUntilGone(stubborn, KILL_GRACE_MS);
  if (survivor)
    throw new ChandleryError('internal', `process ${survivor.pid}, left behind by an earlier run, does not end; stop it by hand`);
  return orphans;
}
