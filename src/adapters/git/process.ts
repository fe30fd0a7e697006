import { type ChildProcess, spawn } from 'node:child_process';
import { ChandleryError } from '../../domain/errors.ts';
import { GIT_LIMITS } from './limits.ts';

/** One run of git: a process group of its own, without a terminal, with an environment made from nothing. */

export interface GitRun {
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  input?: string;
  maxOutputBytes: number;
  timeoutMs: number;
  /** Size of any file git writes (default GIT_LIMITS.packBytes). */
  packBytes?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface GitResult {
  exitCode: number;
  stdout: Buffer;
  stderr: string;
}

/** Where git and ssh are looked for; the environment of the server has no say in what git does. */
const SEARCH_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin';
/** Blocks of `ulimit -f`, bytes (POSIX). */
const BLOCK_BYTES = 512;
// Not every system can limit the address space; those that cannot keep the other limits.
const WITH_LIMITS = 'ulimit -f "$1"; ulimit -v "$2" 2>/dev/null; shift 2; exec git "$@"';
/** What `sh` answers for a program that is not there. */
export const NOT_INSTALLED = 127;

/**
 * Runs git and gives its output, whatever its exit code. The whole process group is killed when the signal is aborted (fails with its
 * reason), at the time limit (registry_unavailable), and at the output limit (too_large).
 */
export async function runGit(run: GitRun): Promise<GitResult> {
  run.signal?.throwIfAborted();
  const blocks = String(Math.ceil((run.packBytes ?? GIT_LIMITS.packBytes) / BLOCK_BYTES));
  const child = spawn('/bin/sh', ['-c', WITH_LIMITS, 'git', blocks, String(GIT_LIMITS.memoryKiB), ...run.args], {
    cwd: run.cwd,
    env: { PATH: SEARCH_PATH, LC_ALL: 'C', HOME: run.cwd, ...run.env },
    // The leader of a group, so that git's own children (ssh, the http helper, index-pack) end with it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const watch = watchRun(child, run);
  try {
    return await watch.result;
  } finally {
    watch.stop();
  }
}

function watchRun(child: ChildProcess, run: GitRun): { result: Promise<GitResult>; stop(): void } {
  let failure: unknown;
  const end = (error: unknown) => {
    failure ??= error;
    killGroup(child);
  };
  const output = collect(child.stdout, run.maxOutputBytes, () =>
    end(new ChandleryError('too_large', `git answered with more than ${run.maxOutputBytes} bytes`)),
  );
  const complaints = collect(child.stderr, GIT_LIMITS.stderrBytes, () => undefined);
  const onAbort = () => end(run.signal?.reason);
  const timer = setTimeout(
    () => end(new ChandleryError('registry_unavailable', `git was not done after ${run.timeoutMs / 1000} s`)),
    run.timeoutMs,
  );
  run.signal?.addEventListener('abort', onAbort, { once: true });
  const result = new Promise<GitResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (failure !== undefined) reject(failure);
      else resolve({ exitCode: code ?? -1, stdout: output(), stderr: complaints().toString('utf8') });
    });
  });
  // git may end before it has read everything; its exit code tells the story.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(run.input ?? '');
  const stop = () => {
    clearTimeout(timer);
    run.signal?.removeEventListener('abort', onAbort);
  };
  return { result, stop };
}

function collect(stream: NodeJS.ReadableStream | null, limit: number, onOver: () => void): () => Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    const isOver = size + chunk.length > limit;
    if (!isOver) chunks.push(chunk);
    size += isOver ? 0 : chunk.length;
    if (isOver) onOver();
  });
  return () => Buffer.concat(chunks, size);
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
