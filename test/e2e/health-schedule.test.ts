import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEngine, type Engine } from '../../src/client/engine.ts';
import { scheduleRegistryChecks } from '../../src/client/health-schedule.ts';
import { type Lab, openLab } from '../../tools/lab/index.ts';

const MINUTE = 60_000;
let lab: Lab;
let engine: Engine;

beforeAll(async () => {
  lab = await openLab();
  engine = createEngine({ address: lab.engine.temporalAddress, namespace: 'default', taskQueue: 'health-test' });
}, 60_000);
afterAll(async () => {
  await engine.connection.close();
  await lab.close();
}, 60_000);

const handle = () => engine.client.schedule.getHandle('chandlery/health-test/check-registries');
const intervals = async () => (await handle().describe()).spec.intervals?.map(({ every }) => every);

describe('the Schedule of the checks', () => {
  it('is made once, however many servers start at the same time', async () => {
    await Promise.all([1, 2, 3].map(() => scheduleRegistryChecks(engine, 5 * MINUTE)));
    expect(await intervals()).toEqual([5 * MINUTE]);
    const { action, policies, info } = await handle().describe();
    expect(action).toMatchObject({ workflowType: 'checkRegistries', taskQueue: 'health-test' });
    expect(policies.overlap).toBe('SKIP');
    // The first round does not wait for the interval.
    for (let tries = 0; tries < 50 && (await handle().describe()).info.numActionsTaken === 0; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await handle().describe()).info.numActionsTaken).toBe(1);
    expect(info.recentActions.length).toBeLessThanOrEqual(1);
  });

  it('follows the configuration, and stays paused where somebody paused it', async () => {
    await handle().pause('an operator works on it');
    await scheduleRegistryChecks(engine, MINUTE);
    expect(await intervals()).toEqual([MINUTE]);
    expect((await handle().describe()).state).toMatchObject({ paused: true, note: 'an operator works on it' });
  });

  it('goes when it is not wanted, and nothing is said when it is gone already', async () => {
    await scheduleRegistryChecks(engine, 0);
    await scheduleRegistryChecks(engine, 0);
    await expect(handle().describe()).rejects.toThrow();
  });

  it('cannot be made while the engine is away, which is told as such', async () => {
    const away = createEngine({ address: '127.0.0.1:1', namespace: 'default', taskQueue: 'x' });
    await expect(scheduleRegistryChecks(away, MINUTE)).toFailWith('engine_unavailable');
    await away.connection.close();
  });
});
