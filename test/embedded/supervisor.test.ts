import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { identityOf } from '../../src/embedded/process-identity.ts';
import { type PartStatus, type SupervisedChild, type Supervisor, superviseChild } from '../../src/embedded/supervisor.ts';
import { until } from './support/processes.ts';

const STAY = 'setInterval(() => {}, 1000)';
const STUBBORN = `process.on('SIGINT', () => {}); ${STAY}`;

let supervisor: Supervisor | undefined;
afterEach(() => supervisor?.stop());

function supervise(
  code: string,
  change: Partial<SupervisedChild> = {},
): { supervisor: Supervisor; states: PartStatus[]; lines: string[] } {
  const states: PartStatus[] = [];
  const lines: string[] = [];
  supervisor = superviseChild({
    name: 'part',
    spawn: () => spawn(process.execPath, ['-e', code], { detached: true, stdio: 'ignore' }),
    ready: () => sleep(100),
    stopSignal: 'SIGINT',
    stopTimeoutMs: 500,
    backoff: { initialMs: 10, maxMs: 40, resetAfterMs: 10_000 },
    log: (line) => lines.push(line),
    onState: (status) => states.push(status),
    ...change,
  });
  return { supervisor, states, lines };
}

const kill = (status: PartStatus): boolean => process.kill(status.pid ?? 0, 'SIGKILL');

describe('superviseChild', () => {
  it('goes from starting to running to stopped', async () => {
    const { supervisor, states } = supervise(STAY);
    expect(supervisor.status()).toMatchObject({ state: 'starting' });
    await supervisor.started;
    const { pid } = supervisor.status();
    await supervisor.stop();
    expect(identityOf(pid ?? 0)).toBeUndefined();
    expect(supervisor.status()).toEqual({ name: 'part', state: 'stopped', restarts: 0 });
    expect([...new Set(states.map(({ state }) => state))]).toEqual(['starting', 'running', 'stopped']);
  });

  it('starts a killed child again and tells why', async () => {
    const { supervisor, states, lines } = supervise(STAY);
    await supervisor.started;
    const before = supervisor.status();
    kill(before);
    await until(() => supervisor.status().restarts === 1 && supervisor.status().state === 'running');
    expect(supervisor.status()).toMatchObject({ restarts: 1, lastError: 'ended by SIGKILL' });
    expect(supervisor.status().pid).not.toBe(before.pid);
    expect(states).toContainEqual({ name: 'part', state: 'restarting', restarts: 0, lastError: 'ended by SIGKILL' });
    expect(lines).toEqual(['part ended by SIGKILL; starting it again in 10 ms']);
  });

  it('waits twice as long each time, up to the limit', async () => {
    const { supervisor, lines } = supervise(STAY, { ready: async () => {} });
    await supervisor.started;
    for (let restarts = 0; restarts < 4; restarts += 1) {
      await until(() => supervisor.status().restarts === restarts && supervisor.status().state === 'running');
      kill(supervisor.status());
    }
    await until(() => lines.length === 4);
    expect(lines.map((line) => line.replace(/.* in /, ''))).toEqual(['10 ms', '20 ms', '40 ms', '40 ms']);
  });

  it('kills a child that does not end when asked', async () => {
    const { supervisor } = supervise(STUBBORN, { ready: () => sleep(400) });
    await supervisor.started;
    const { pid } = supervisor.status();
    await supervisor.stop();
    expect(identityOf(pid ?? 0)).toBeUndefined();
  });

  it('gives up a child that never comes up, with its reason', async () => {
    const { supervisor } = supervise('process.exit(3)', { ready: () => new Promise(() => {}) });
    await expect(supervisor.started).rejects.toThrow('ended with exit code 3');
    expect(supervisor.status()).toMatchObject({ state: 'stopped', restarts: 2 });
  });

  it('gives up a program that does not exist', async () => {
    const { supervisor } = supervise('', { spawn: () => spawn('no-such-program-of-ours'), ready: () => new Promise(() => {}) });
    await expect(supervisor.started).rejects.toThrow('ENOENT');
  });

  it('can be stopped while it starts', async () => {
    const { supervisor } = supervise(STAY, { ready: (signal) => sleep(60_000, undefined, { signal }) });
    const { pid } = supervisor.status();
    await supervisor.stop();
    await expect(supervisor.started).rejects.toThrow('stopped while starting');
    expect(identityOf(pid ?? 0)).toBeUndefined();
  });

  it('can be stopped while it waits to start again', async () => {
    const { supervisor } = supervise(STAY, { backoff: { initialMs: 60_000, maxMs: 60_000, resetAfterMs: 60_000 } });
    await supervisor.started;
    kill(supervisor.status());
    await until(() => supervisor.status().state === 'restarting');
    await supervisor.stop();
    expect(supervisor.status().state).toBe('stopped');
  });
});
