import { spawn } from 'node:child_process';
import { ChandleryError } from '../../domain/errors.ts';

/** One run of a scanner: a process group of its own, no shell, bounded in time and in what it prints. */

export interface CommandRun {
  /** for messages */
  name: string;
  program: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** milliseconds */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** Bytes of a report; one of a large image is some megabytes. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/** What it printed. Fails with scan_blocked, never with what it wrote to stderr: that may quote what it read. */
export async function runCommand(run: CommandRun): Promise<string> {
  run.signal?.throwIfAborted();
  const { name, program, args, cwd, env, timeoutMs, signal } = run;
  return await new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    let size = 0;
    let failure: unknown;
    const end = (reason: unknown) => {
      failure ??= reason;
      killGroup(child.pid);
    };
    const timer = setTimeout(() => end(blocked(`${name} was not done after ${timeoutMs} ms`)), timeoutMs);
    const onAbort = () => end(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk);
      else end(blocked(`${name} printed more than ${MAX_OUTPUT_BYTES} bytes`));
    });
    const settle = (error: unknown) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      if (error === undefined) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(error);
    };
    child.on('error', (error: NodeJS.ErrnoException) => settle(blocked(`${name} cannot be run: ${error.code}`, error)));
    child.on('close', (code) =>
      settle(failure ?? (code === 0 ? undefined : blocked(`${name} ended with ${code ?? 'a signal'}`))),
    );
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function blocked(message: string, cause?: unknown): ChandleryError {
  return new ChandleryError('scan_blocked', message, {}, { cause });
}
