import { spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { identityOf, isRunning } from '../../src/embedded/process-identity.ts';
import { type LockAttempt, type ProcessLock, tryProcessLock } from '../../src/embedded/process-lock.ts';
import { killHard, temporaryDirectory } from './support/processes.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

const locksOf = (attempts: LockAttempt[]): ProcessLock[] =>
  attempts.flatMap((attempt) => ('lock' in attempt ? [attempt.lock] : []));
const attemptMany = (count: number): Promise<LockAttempt[]> =>
  Promise.all(Array.from({ length: count }, () => tryProcessLock(directory.path)));

async function writeHolder(number: number, holder: unknown): Promise<void> {
  await mkdir(directory.path, { recursive: true });
  await writeFile(join(directory.path, String(number)), typeof holder === 'string' ? holder : JSON.stringify(holder));
}

describe('identityOf', () => {
  it('tells a process from a later one with the same pid, and an ended one from both', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const identity = identityOf(child.pid ?? 0) ?? { pid: 0, started: '' };
    expect(isRunning(identity)).toBe(true);
    expect(isRunning({ ...identity, started: 'another time' })).toBe(false);
    await killHard(child);
    expect(isRunning(identity)).toBe(false);
  });
});

describe('tryProcessLock', () => {
  it('gives the lock to exactly one of many at once', async () => {
    expect(locksOf(await attemptMany(30))).toHaveLength(1);
  });

  it('names the holder to the others, and is free after release', async () => {
    const [lock] = locksOf([await tryProcessLock(directory.path)]);
    expect(await tryProcessLock(directory.path)).toMatchObject({
      holder: { pid: process.pid, since: expect.stringMatching(/^\d{4}-/) },
    });
    await lock?.release();
    const [next] = locksOf([await tryProcessLock(directory.path)]);
    expect(next?.deadHolder).toBeUndefined();
  });

  it('passes from a dead holder to exactly one of many at once', async () => {
    await writeHolder(7, { pid: process.pid, started: 'before', since: '2026-01-01T00:00:00Z' });
    const [lock, ...others] = locksOf(await attemptMany(30));
    expect(others).toHaveLength(0);
    expect(lock?.deadHolder).toMatchObject({ since: '2026-01-01T00:00:00Z' });
    expect(await readdir(directory.path)).toEqual(['8']);
  });

  it('takes a file that a power cut left empty for no holder', async () => {
    await writeHolder(3, '');
    expect(locksOf([await tryProcessLock(directory.path)])).toHaveLength(1);
  });

  it('never has two holders, however often it changes hands', async () => {
    let holders = 0;
    let most = 0;
    const contender = async (): Promise<void> => {
      for (let round = 0; round < 15; round += 1) {
        const [lock] = locksOf([await tryProcessLock(directory.path)]);
        if (!lock) continue;
        holders += 1;
        most = Math.max(most, holders);
        await new Promise((resolve) => setImmediate(resolve));
        holders -= 1;
        await lock.release();
      }
    };
    await Promise.all(Array.from({ length: 8 }, contender));
    expect(most).toBe(1);
  });
});
