import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** A process that has not said it is ready by then is not going to, milliseconds. */
const READY_TIMEOUT_MS = 60_000;
/** A process that does not end when asked is killed after this, milliseconds. */
const STOP_TIMEOUT_MS = 20_000;
/** Characters of its log that are shown of a process that did not become ready. */
const SHOWN_LOG = 2_000;

export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A real process of ours, started from dist/. */
export interface Child {
  pid: number;
  /** The line by which it said that it is ready. */
  readyLine: string;
  exited: Promise<ChildExit>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<ChildExit>;
  /** SIGTERM, then SIGKILL. */
  stop(): Promise<ChildExit>;
}

export interface ChildOptions {
  script: string;
  env: NodeJS.ProcessEnv;
  /** What its ready line begins with. */
  ready: string;
  logFile: string;
}

/** Starts a script with this Node and waits for its ready line. */
export async function startChild({ script, env, ready, logFile }: ChildOptions): Promise<Child> {
  const child = spawn(process.execPath, ['--enable-source-maps', script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stderr.pipe(log, { end: false });
  const exited = new Promise<ChildExit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const readyLine = await waitForLine(child, ready, exited, logFile);
  const signalled = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  return {
    pid: child.pid ?? 0,
    readyLine,
    exited,
    kill: () => signalled('SIGKILL'),
    stop: async () => {
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      const exit = await signalled('SIGTERM');
      clearTimeout(force);
      return exit;
    },
  };
}

async function waitForLine(child: ChildProcess, ready: string, exited: Promise<ChildExit>, logFile: string): Promise<string> {
  if (!child.stdout) throw new Error('the process has no stdout');
  const lines = createInterface({ input: child.stdout });
  const line = new Promise<string>((resolve) => lines.on('line', (text) => text.startsWith(ready) && resolve(text)));
  const gone = exited.then(async ({ code, signal }) => {
    const why = (await readFile(logFile, 'utf8').catch(() => '')).slice(-SHOWN_LOG);
    throw new Error(`the process ended before it was ready (code ${code}, signal ${signal}); see ${logFile}\n${why}`);
  });
  const late = new Promise<never>((_, reject) =>
    setTimeout(
      () => reject(new Error(`the process was not ready after ${READY_TIMEOUT_MS / 1_000} s; see ${logFile}`)),
      READY_TIMEOUT_MS,
    ).unref(),
  );
  return Promise.race([line, gone, late]);
}
