import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import type { Finding, Outcome } from '../../tools/chaos/findings.ts';
import { countInterrupted, judgeOutcomes } from '../../tools/chaos/findings.ts';
import { parseChaosOptions } from '../../tools/chaos/options.ts';
import { planChaos } from '../../tools/chaos/plan.ts';
import { inspectRegistry } from '../../tools/chaos/registry-sink.ts';

const SCRIPT = 'dist/tools/chaos.js';
const RUN_LIMIT_MS = 90_000;

async function chaos(...args: string[]) {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

describe('a small chaos run', () => {
  it(
    'loses nothing, does nothing twice and leaves nothing behind',
    async () => {
      const { code, stdout, stderr } = await chaos('--installs', '4', '--kills', '3', '--seed', '1', '--targets', 'worker');
      const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
      expect({ last, stderr }).toMatchObject({
        last: { installs: 4, kills: 3, lost: 0, doubled: 0, stuck: 0, orphaned: 0, seed: 1, succeeded: 4 },
      });
      expect(code).toBe(0);
    },
    RUN_LIMIT_MS,
  );
});

describe('the command line', () => {
  it.each([
    ['an unknown flag', ['--installs', '1', '--kills', '0', '--speed', '9'], '--speed'],
    ['an unknown target', ['--installs', '1', '--kills', '0', '--targets', 'worker,api'], '"api" cannot be killed'],
    ['a missing number', ['--installs', '1'], '--kills is missing'],
    ['a number that is none', ['--installs', 'many', '--kills', '0'], 'not "many"'],
    ['a stray word', ['--installs', '1', '--kills', '0', 'now'], 'now'],
  ])('refuses %s with exit code 2', async (_what, args, word) => {
    const { code, stdout, stderr } = await chaos(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(word);
    expect(stderr).toContain('usage: npm run chaos');
  });
});

describe('the plan', () => {
  it('is the same for the same seed, and another one for another', () => {
    const plan = (seed: number) => planChaos({ installs: 5, kills: 5, seed });
    expect(plan(1)).toEqual(plan(1));
    expect(plan(1)).not.toEqual(plan(2));
  });

  it('draws a seed where none is given', () => {
    const seeds = [1, 2].map(() => parseChaosOptions(['--installs', '1', '--kills', '0']).seed);
    expect(seeds[0]).not.toBe(seeds[1]);
  });

  it('gives every install a namespace of its own', () => {
    const { installs } = planChaos({ installs: 30, kills: 0, seed: 3 });
    expect(new Set(installs.map((install) => install.namespace)).size).toBe(30);
  });
});

describe('the judgement of operations', () => {
  const kinds = (findings: Finding[]) => findings.map(({ kind }) => kind);

  it('finds nothing where all succeeded', () => {
    expect(judgeOutcomes([outcome('succeeded')])).toEqual([]);
  });

  it('calls lost what failed or is not known any more, and stuck what has not ended', () => {
    expect(kinds(judgeOutcomes([outcome('failed'), { ...outcome('running'), fate: 'unknown' }]))).toEqual(['lost', 'lost']);
    expect(kinds(judgeOutcomes([{ ...outcome('running'), fate: 'stuck' }]))).toEqual(['stuck']);
  });

  it('counts the steps that lost their worker', () => {
    expect(countInterrupted([outcome('succeeded', 3), outcome('succeeded', 1)])).toEqual({ download: 2 });
  });
});

describe('the count at the registry', () => {
  const path = '/api/v1/templates/app-1/archive?version=1.0.0';
  const read = { name: 'app-1', version: '1.0.0', digest: 'd', start: 0, end: 10, at: 1_000 };
  const request = (bytes: number) => ({ method: 'GET', path, headers: {}, status: 200, bytes });
  const count = (attempts: number, requests: ReturnType<typeof request>[], at = 1_000) =>
    inspectRegistry([outcome('succeeded', attempts)], { requests, reads: [{ ...read, at }], storedAt: new Map([['d', 5_000]]) });

  it('allows a transfer that was cut off and the one that came after it', () => {
    expect(count(2, [request(4), request(10)])).toEqual([]);
  });

  it('calls doubled an archive that came whole more often than there were attempts', () => {
    expect(count(1, [request(10), request(10)])).toMatchObject([{ kind: 'doubled' }]);
  });

  it('adds up a resumed transfer', () => {
    const rest = { ...request(6), status: 206, headers: { range: 'bytes=4-' } };
    expect(count(1, [request(10), rest])).toMatchObject([{ kind: 'doubled' }]);
  });

  it('calls doubled an archive that was asked for long after the store had it', () => {
    expect(count(1, [request(10)], 9_000)).toMatchObject([{ kind: 'doubled' }]);
  });
});

/** An operation with a download step that took so many attempts. */
function outcome(state: 'succeeded' | 'failed' | 'running', attempts = 1): Outcome {
  const lost = Array.from({ length: attempts - 1 }, (_, at) => ({
    attempt: at + 1,
    outcome: 'worker_lost' as const,
    message: '',
  }));
  return {
    install: { at: 0, namespace: 'chaos-1', name: 'app-1', expected: { 'app-1': '1.0.0' } },
    id: 'install.local.chaos-1.app-1.00000000-0000-0000-0000-000000000000',
    fate: 'ended',
    operation: {
      id: '',
      kind: 'install',
      target: '',
      requester: '',
      state,
      percent: 0,
      steps: [{ name: 'download', state: 'succeeded', attempt: attempts, maxAttempts: 3, attempts: lost }],
      input: {},
      warnings: [],
      createdAt: '',
      links: { self: '', events: '', history: '' },
    },
  };
}
