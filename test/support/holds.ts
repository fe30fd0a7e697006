import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../../src/domain/errors.ts';

/** Of the worker in processes/holding-worker.ts; to be started with `env`. */
export const HOLDING_WORKER = 'test/support/processes/holding-worker.js';

export type HoldMoment = 'before' | 'between' | 'after';

/** A step that was not reached by then is not going to be, milliseconds. */
const REACHED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 20;

/** Stops the holding worker at a moment of a step of a namespace's operations, and lets it go on. */
export class Holds {
  private constructor(readonly dir: string) {}

  static async create(labDir: string): Promise<Holds> {
    const dir = join(labDir, 'holds');
    await mkdir(dir, { recursive: true });
    return new Holds(dir);
  }

  get env(): Record<string, string> {
    return { HOLD_DIR: this.dir };
  }

  async hold(namespace: string, step: string, moment: HoldMoment): Promise<Hold> {
    const file = join(this.dir, `${namespace}.${step}.${moment}`);
    // Of an earlier hold of the same moment.
    await rm(`${file}.reached`, { force: true });
    await writeFile(file, '');
    return {
      reached: () => appears(`${file}.reached`),
      release: () => rm(file, { force: true }),
    };
  }

  /** The moment fails with this code, once. */
  async fail(namespace: string, step: string, moment: HoldMoment, code: ErrorCode): Promise<void> {
    await writeFile(join(this.dir, `${namespace}.${step}.${moment}`), code);
  }
}

export interface Hold {
  /** Resolves when the worker is there. */
  reached(): Promise<void>;
  release(): Promise<void>;
}

async function appears(file: string): Promise<void> {
  for (const deadline = Date.now() + REACHED_WITHIN_MS; !existsSync(file); await sleep(LOOK_EVERY_MS))
    if (Date.now() > deadline) throw new Error(`${file} did not appear within ${REACHED_WITHIN_MS} ms`);
}
