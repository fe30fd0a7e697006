import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** A process that cannot be mistaken for a later one with the same pid: the pid alone is used again after a while. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the words of the operating system; opaque, only compared. */
  started: string;
}

const PS_TIMEOUT_MS = 2_000;

/** Fields of /proc/PID/stat after the command name, which stands in brackets and may itself hold blanks and brackets. */
const STATE_FIELD = 0;
const PARENT_FIELD = 1;
const START_TIME_FIELD = 19;

function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Start times on Linux count from boot, so two boots would be confused without it. */
let bootId: string | undefined;
function readBootId(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootId;
}

function startedOnLinux(pid: number): string | undefined {
  const fields = statFields(pid);
  const startTicks = fields?.[START_TIME_FIELD];
  // A zombie holds nothing any more: no file, no port, no lock.
  if (!startTicks || fields?.[STATE_FIELD] === 'Z' || fields?.[STATE_FIELD] === 'X') return undefined;
  return `${readBootId()}:${startTicks}`;
}

/** What `ps` says of a process, empty if there is none. */
function askPs(pid: number, columns: string): string {
  try {
    return execFileSync('ps', ['-o', columns, '-p', String(pid)], {
      encoding: 'utf8',
      timeout: PS_TIMEOUT_MS,
      stdio: 'pipe',
    }).trim();
  } catch {
    return '';
  }
}

function startedByPs(pid: number): string | undefined {
  const [state, ...started] = askPs(pid, 'stat=,lstart=').split(/\s+/);
  return !state || state.startsWith('Z') ? undefined : started.join(' ');
}

/** Identity of a running process, or undefined if there is none (a zombie counts as none). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startedOnLinux(pid) : startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.started === identity.started;
}

/** Parent of a process; undefined where it has ended or the system does not tell. */
export function parentOf(pid: number): number | undefined {
  const parent = statFields(pid)?.[PARENT_FIELD];
  return parent === undefined ? undefined : Number(parent);
}

/** Name of the program that a process runs, without its path; undefined if there is no such process. */
export function programOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return basename(askPs(pid, 'comm=')) || undefined;
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
