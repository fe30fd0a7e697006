import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import type { Engine } from '../../src/client/engine.ts';
import { scheduleRecheck } from '../../src/client/recheck-schedule.ts';
import type { RecheckResult } from '../../workflows/recheck-installed.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab, TASK_QUEUE } from '../support/shop-lab.ts';

const RUNS_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 200;
const SCHEDULE = `chandlery/${TASK_QUEUE}/recheck-installed`;

let shop: ShopLab;
let db: pg.Client;
let engine: Engine;

beforeAll(async () => {
  shop = await openShopLab();
  await shop.lab.startWorker();
  db = await shop.database();
  engine = shop.temporal();
}, 180_000);

afterAll(async () => {
  await shop?.close();
}, 60_000);

const handle = () => engine.client.schedule.getHandle(SCHEDULE);

/** Starts a run by the Schedule and waits for its end. */
async function looked(): Promise<RecheckResult> {
  const before = (await handle().describe()).info.numActionsTaken;
  await handle().trigger();
  for (const late = Date.now() + RUNS_WITHIN_MS; ; ) {
    const { info } = await handle().describe();
    const workflow = info.recentActions.at(-1)?.action.workflow;
    if (info.numActionsTaken > before && workflow)
      return await engine.client.workflow.getHandle(workflow.workflowId, workflow.firstExecutionRunId).result();
    if (Date.now() > late) throw new Error('the Schedule has started nothing');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

describe('what is installed', () => {
  it('is looked at again by its Schedule, once per ruleset, and whoever looks at the install sees it', async () => {
    const namespace = freshNamespace();
    expect((await shop.api.ended(await shop.api.install(namespace, 'shop'))).state).toBe('succeeded');
    const install = async () => (await shop.api.get(`/api/v1/installs/local.${namespace}.shop`)).body;
    expect(await install()).not.toHaveProperty('check');
    expect(await looked()).toMatchObject({ checked: 3, failed: [] });
    expect(await install()).toMatchObject({ check: { ruleset: expect.stringMatching(/^sha256:/), findings: expect.any(Array) } });
    expect(await looked()).toEqual({ checked: 0, fresh: 0, failed: [] });
    // As if the rules had been others when it was looked at.
    await db.query("update install_checks set ruleset = 'sha256:of-yesterday'");
    expect(await looked()).toMatchObject({ checked: 3, fresh: 0, failed: [] });
  }, 240_000);

  it('has one Schedule, which stays as it is however many servers start', async () => {
    await handle().pause('an operator works on it');
    await Promise.all([1, 2, 3].map(() => scheduleRecheck(engine)));
    const { state, policies, action } = await handle().describe();
    expect(state).toMatchObject({ paused: true });
    expect(policies.overlap).toBe('SKIP');
    expect(action).toMatchObject({ workflowType: 'recheckInstalled', taskQueue: TASK_QUEUE });
  });
});
