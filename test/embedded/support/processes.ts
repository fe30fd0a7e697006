import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const HOOKS = new URL('./typescript-hooks.mjs', import.meta.url).href;

/** A directory of its own, and its removal. */
export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'chandlery-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Runs one of the scripts beside this file in a process of its own; answers it with the first line it prints, parsed as JSON. */
export async function runScript<Line>(
  name: string,
  argument: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<{ child: ChildProcess; line: Line }> {
  const script = new URL(`./${name}`, import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', HOOKS, script, argument], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it said a word`)));
  });
  return { child, line: JSON.parse(line) };
}

/** Ends a process the hard way and waits until it is gone. */
export async function killHard(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Resolves when the condition holds; fails after `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not so after ${timeoutMs} ms: ${condition}`);
    await sleep(20);
  }
}

/** All processes with `text` in their command line or environment. */
export async function processesNaming(text: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['axeww', '-o', 'pid=,command='], { maxBuffer: 8 * 1024 * 1024 });
  return stdout.split('\n').filter((line) => line.includes(text));
}
