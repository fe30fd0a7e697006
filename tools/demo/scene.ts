import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stage } from './stage.ts';

export interface DemoOptions {
  say(line: string): void;
  /** Leaves data directory and logs behind. */
  keep: boolean;
}

export type Closer = () => Promise<unknown>;

export interface Scene {
  dir: string;
  keep: boolean;
  /** What ends what was started, oldest first. */
  closers: Closer[];
  signal: AbortSignal;
}

/** Tells a story in a folder of its own and stops everything that it started. Never throws: what went wrong is on the stage. */
export async function playScene({ say, keep }: DemoOptions, tell: (stage: Stage, scene: Scene) => Promise<void>): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-demo-'));
  const stage = new Stage(say);
  const closers: Closer[] = [];
  const stopping = stopSignal();
  try {
    await Promise.race([tell(stage, { dir, keep, closers, signal: stopping }), aborted(stopping)]);
  } catch (error) {
    stage.fail(error instanceof Error ? error.message : String(error));
  }
  stage.chapter('Stopping everything');
  for (const close of closers.toReversed()) await close().catch((error: unknown) => stage.fail(`stopping: ${String(error)}`));
  if (keep) stage.detail(`kept: ${dir}`);
  else await rm(dir, { recursive: true, force: true });
  return stage;
}

/** Ctrl-C ends the demo in order: the processes it started would outlive it otherwise. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
  return stopping.signal;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('the demo was stopped'))));
}
