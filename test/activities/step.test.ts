import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/deps.ts';
import type { StepDefinition } from '../../activities/step.ts';
import { createStep } from '../../activities/step.ts';
import { createStore, type PostgresStore } from '../../src/adapters/store/index.ts';
import type { StepContext } from '../../src/domain/effects.ts';
import { startEmbedded, type TestServer } from '../support/postgres.ts';
import { operationOn } from '../support/stores.ts';

let server: TestServer;
let store: PostgresStore;
const happened: string[] = [];

beforeAll(async () => {
  server = await startEmbedded();
  store = createStore({ url: server.url, onIdleError: () => undefined });
  await store.migrate();
}, 120_000);

afterAll(async () => {
  await store?.close();
  await server?.close();
}, 60_000);

/** The context of a step whose operation holds its fence. */
async function context(): Promise<StepContext> {
  const operation = operationOn('team', randomUUID());
  const { target } = operation.context('apply');
  const fence = await store.fences.take(target, operation.id, operation.startedAt);
  return operation.context('apply', { fence });
}

function attempt<Prepared>(of: StepContext, definition: StepDefinition<string, string, Prepared>) {
  happened.length = 0;
  const quiet = () => undefined;
  const deps = { store, log: { info: quiet, warn: quiet, error: quiet } } as Partial<ActivityDeps> as ActivityDeps;
  const onMoment = async (_step: string, moment: string) => void happened.push(moment);
  const step = createStep({ ...deps, onMoment }, definition);
  const environment = new MockActivityEnvironment({ attempt: 1 }, { logger: new DefaultLogger('ERROR', quiet) });
  return environment.run(step, { context: of, input: 'asked' });
}

const keyOf = ({ root, step, generation }: StepContext) => ({ root, step, object: '-', generation });

describe('a step that prepares', () => {
  it('is given what was prepared, after the moment before', async () => {
    const run = async (input: string, _run: unknown, prepared: string) => `${input} ${prepared}`;
    const prepare = async () => {
      happened.push('prepared');
      return 'and prepared';
    };
    expect(await attempt(await context(), { prepare, run })).toMatchObject({ value: 'asked and prepared', kept: false });
    expect(happened).toEqual(['before', 'prepared', 'between', 'after']);
  });

  it('answers its record whatever the preparation came to, and does nothing', async () => {
    const of = await context();
    await attempt(of, { run: async () => 'first' });
    const prepare = () => Promise.reject(new Error('too late to prepare'));
    const run = () => Promise.reject(new Error('too late to run'));
    expect(await attempt(of, { prepare, run })).toMatchObject({ value: 'first' });
  });

  it('fails as its preparation does where nothing is recorded', async () => {
    const prepare = () => Promise.reject(new Error('cannot be prepared'));
    await expect(attempt(await context(), { prepare, run: async () => 'done' })).rejects.toThrow();
    expect(happened).toEqual(['before']);
  });
});

describe('a step that records with something else', () => {
  const definition = (written: boolean): StepDefinition<string, string> => ({
    async run(_input, run) {
      run.recordWith = async (entry) => {
        happened.push(`recorded ${entry.result}`);
        return written;
      };
      return 'done';
    },
  });

  it('does so once, after the moment between', async () => {
    const of = await context();
    expect(await attempt(of, definition(true))).toMatchObject({ value: 'done' });
    expect(happened).toEqual(['before', 'between', 'recorded done', 'after']);
    expect(await store.effects.find(keyOf(of))).toBeUndefined();
  });

  it('is recorded as any other where that wrote nothing', async () => {
    const of = await context();
    expect(await attempt(of, definition(false))).toMatchObject({ value: 'done' });
    expect(await store.effects.find(keyOf(of))).toMatchObject({ result: 'done' });
  });
});
