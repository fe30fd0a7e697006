import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig, requireExternal } from '../../../src/config.ts';
import { createLogger } from '../../../src/logger.ts';
import { startWorker } from '../../../src/worker.ts';

/**
 * The product's worker, which kills itself with SIGKILL at the moment KILL_MOMENT (before, between, after) of each step it meets, once
 * a step: KILL_DIR remembers which. KILL_STEPS limits it to some steps (comma list).
 */

const moment = process.env.KILL_MOMENT ?? '';
const dir = process.env.KILL_DIR ?? '';
const steps = process.env.KILL_STEPS?.split(',');

const cached = process.env.MAX_CACHED_WORKFLOWS;

const config = readConfig(process.env);
await startWorker(config, requireExternal(config), createLogger(config.logLevel), {
  ...(cached !== undefined && { maxCachedWorkflows: Number(cached) }),
  async onMoment(step, at) {
    const mark = join(dir, step);
    if (at !== moment || existsSync(mark) || (steps && !steps.includes(step))) return;
    writeFileSync(mark, new Date().toISOString());
    process.kill(process.pid, 'SIGKILL');
    // The signal arrives at once, but not before this line returns.
    await new Promise(() => undefined);
  },
});
process.stdout.write('worker ready\n');
