import { readdirSync, readFileSync } from 'node:fs';
import type { Engine } from '../../src/embedded/engine.ts';

/** Lets a supervised part of a lab go away and come back, as it happens: killed, or there and silent. */

type PartName = 'postgres' | 'temporal';

const LOOK_EVERY_MS = 20;
const BACK_WITHIN_MS = 30_000;

function partOf(engine: Engine, name: PartName) {
  return engine.parts().find((part) => part.name === name);
}

/** Kills the part, and again each time its supervisor has started it; answers a function that lets it be, and waits until it is back. */
export function keepDown(engine: Engine, name: PartName): () => Promise<void> {
  const kill = () => {
    const pid = partOf(engine, name)?.pid;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  };
  kill();
  const timer = setInterval(kill, LOOK_EVERY_MS);
  return async () => {
    clearInterval(timer);
    for (const deadline = Date.now() + BACK_WITHIN_MS; partOf(engine, name)?.state !== 'running'; ) {
      if (Date.now() > deadline) throw new Error(`${name} did not come back within ${BACK_WITHIN_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  };
}

/** Stops the part and its children with SIGSTOP: connections stay open and nothing answers. Answers what lets it go on. */
export function freeze(engine: Engine, name: PartName): () => void {
  const pid = partOf(engine, name)?.pid;
  if (pid === undefined) throw new Error(`${name} does not run`);
  const pids = [pid, ...childrenOf(pid)];
  for (const each of pids) process.kill(each, 'SIGSTOP');
  return () => {
    for (const each of pids) process.kill(each, 'SIGCONT');
  };
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  try {
    // After the program's name, which stands in parentheses and may hold anything: state, then the parent's pid.
    const [, rest = ''] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return Number(rest.split(' ')[1]);
  } catch {
    return undefined;
  }
}
