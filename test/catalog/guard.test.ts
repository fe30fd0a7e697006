import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { RegistryGuard } from '../../src/catalog/guard.ts';
import { CATALOG_LIMITS, type CatalogLimits } from '../../src/catalog/limits.ts';
import { RegistryMeter } from '../../src/catalog/meter.ts';
import { ChandleryError } from '../../src/domain/errors.ts';

let time = 1_000_000;

function guard(limits: Partial<CatalogLimits> = {}): RegistryGuard {
  const all = { ...CATALOG_LIMITS, retryMs: 1, ...limits };
  return new RegistryGuard('acme', all, new RegistryMeter(all.samples, () => time), () => time);
}

const fail =
  (code: ChandleryError['code'], details = {}) =>
  async () => {
    throw new ChandleryError(code, `it is ${code}`, details);
  };

describe('a guarded registry', () => {
  it('is opened only to so many calls at once, in the order they came', async () => {
    const tested = guard({ concurrent: 2, queued: 2 });
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const call = (id: number) =>
      tested.run(5_000, async () => {
        running += 1;
        most = Math.max(most, running);
        await sleep(10);
        running -= 1;
        order.push(id);
      });
    const calls = [1, 2, 3, 4].map(call);
    await expect(call(5)).toFailWith('rate_limit');
    await Promise.all(calls);
    expect(most).toBe(2);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('is called at a steady rate after a burst', async () => {
    const tested = guard({ burst: 2, ratePerSecond: 20 });
    const startedAt = performance.now();
    for (let call = 0; call < 4; call += 1) await tested.run(5_000, async () => call);
    expect(performance.now() - startedAt).toBeGreaterThan(90);
  });

  it('has a time limit', async () => {
    const endless = (signal: AbortSignal) => sleep(60_000, undefined, { signal });
    await expect(guard().run(30, endless)).toFailWith('registry_unavailable');
  });

  it('is not asked after failures in a row, then by one call alone, and by all after that succeeds', async () => {
    const tested = guard({ failuresToOpen: 2, attempts: 1, openMs: 1_000 });
    await expect(tested.run(1_000, fail('registry_invalid'))).toFailWith('registry_invalid');
    expect(tested.breaker.state).toBe('closed');
    await expect(tested.run(1_000, fail('registry_invalid'))).toFailWith('registry_invalid');
    expect(tested.breaker.state).toBe('open');
    let asked = false;
    const call = async () => {
      asked = true;
      await sleep(20);
    };
    await expect(tested.run(1_000, call)).toFailWith('registry_invalid');
    expect(asked).toBe(false);
    time += 1_001;
    const probe = tested.run(1_000, call);
    await expect(tested.run(1_000, call)).toFailWith('registry_invalid');
    await probe;
    expect(tested.breaker.state).toBe('closed');
    await tested.run(1_000, call);
  });

  it('is left alone twice as long after each try that fails', async () => {
    const tested = guard({ failuresToOpen: 1, attempts: 1, openMs: 1_000, maxOpenMs: 3_000 });
    for (const pause of [1_000, 2_000, 3_000, 3_000]) {
      await expect(tested.run(1_000, fail('registry_unavailable'))).toFailWith('registry_unavailable');
      time += pause - 1;
      expect(tested.breaker.state).toBe('open');
      time += 1;
      expect(tested.breaker.state).toBe('half-open');
    }
  });

  it('has not failed when it says that there is no such template', async () => {
    const tested = guard({ failuresToOpen: 1 });
    await expect(tested.run(1_000, fail('template_not_found'))).toFailWith('template_not_found');
    expect(tested.breaker.state).toBe('closed');
    expect(tested.meter.figures()).toMatchObject({ calls: 1, failures: 0, successRate: 1 });
  });

  it('is asked again once for what may pass, at once for nothing else', async () => {
    const calls: string[] = [];
    const counted = (code: ChandleryError['code']) => async () => {
      calls.push(code);
      throw new ChandleryError(code, code);
    };
    for (const code of ['network', 'authentication', 'registry_invalid'] as const)
      await expect(guard().run(1_000, counted(code))).toFailWith(code);
    expect(calls).toEqual(['network', 'network', 'authentication', 'registry_invalid']);
  });
});
