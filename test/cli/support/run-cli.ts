import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built command, as people run it. `npm test` builds it first. */
export const MAIN = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcessWithoutNullStreams;
  /** What came out so far. */
  output: { stdout: string; stderr: string };
  ended: Promise<Ended>;
}

/** Starts the command with nothing of this machine's settings. */
export function startCli(words: string[], env: Record<string, string> = {}, cwd?: string): Running {
  const home = mkdtempSync(join(tmpdir(), 'chandlery-cli-'));
  const child = spawn(process.execPath, [MAIN, ...words], {
    cwd: cwd ?? home,
    env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      rmSync(home, { recursive: true, force: true });
      resolve({ code, ...output });
    });
  });
  return { child, output, ended };
}

/** Runs the command to its end. */
export async function runCli(words: string[], env: Record<string, string> = {}, cwd?: string): Promise<Ended> {
  return await startCli(words, env, cwd).ended;
}

const POLL_MS = 20;
const PATIENCE_MS = 10_000;

/** Waits until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
