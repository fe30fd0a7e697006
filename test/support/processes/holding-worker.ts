import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { readConfig, requireExternal } from '../../../src/config.ts';
import { ChandleryError, isErrorCode } from '../../../src/domain/errors.ts';
import { createLogger } from '../../../src/logger.ts';
import { startWorker } from '../../../src/worker.ts';

/**
 * The product's worker, which stops at chosen moments. A file `<namespace>.<step>.<moment>` in HOLD_DIR chooses one: it holds an error
 * code, and the moment fails with it, once; or it is empty, and the moment lasts until the file is gone or the step is cancelled.
 * `<file>.reached` says that the worker is there. test/support/holds.ts writes these files.
 */

const LOOK_EVERY_MS = 20;
const dir = process.env.HOLD_DIR ?? '';

const config = readConfig(process.env);
await startWorker(config, requireExternal(config), createLogger(config.logLevel), {
  async onMoment(step, moment) {
    const { info, cancellationSignal } = Context.current();
    const [, , namespace = ''] = info.workflowExecution?.workflowId.split('/') ?? [];
    const order = join(dir, `${namespace}.${step}.${moment}`);
    if (!existsSync(order)) return;
    const code = readFileSync(order, 'utf8');
    writeFileSync(`${order}.reached`, '');
    if (isErrorCode(code)) {
      rmSync(order);
      throw new ChandleryError(code, `the test lets ${step} fail ${moment} its effect`);
    }
    while (existsSync(order)) {
      cancellationSignal.throwIfAborted();
      await sleep(LOOK_EVERY_MS);
    }
  },
});
process.stdout.write('worker ready\n');
