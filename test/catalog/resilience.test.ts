import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { RegistryGuard } from '../../src/catalog/guard.ts';
import { CATALOG_LIMITS, type CatalogLimits } from '../../src/catalog/limits.ts';
import { type MeterListener, RegistryMeter } from '../../src/catalog/meter.ts';
import { ChandleryError } from '../../src/domain/errors.ts';

let time = 5_000_000;

function guard(limits: Partial<CatalogLimits> = {}, listener?: MeterListener): RegistryGuard {
  const all = { ...CATALOG_LIMITS, retryMs: 1, ...limits };
  return new RegistryGuard('acme', all, new RegistryMeter(all.samples, () => time, listener), () => time);
}

const fail =
  (code: ChandleryError['code'], details = {}) =>
  async () => {
    throw new ChandleryError(code, `it is ${code}`, details);
  };

describe('a call that waits for its turn', () => {
  it('does not wait longer than its time, and is never made then', async () => {
    const tested = guard({ concurrent: 1 });
    const first = tested.run(5_000, () => sleep(400));
    let wasMade = false;
    const startedAt = performance.now();
    const second = tested.run(50, async () => {
      wasMade = true;
    });
    await expect(second).toFailWith('registry_unavailable');
    expect(performance.now() - startedAt).toBeLessThan(350);
    await first;
    await sleep(10);
    expect(wasMade).toBe(false);
    expect(tested.breaker.state).toBe('closed');
    expect(tested.meter.figures().failures).toBe(0);
  });
});

describe('a registry that is left alone', () => {
  it('is left alone for as long as it asked for', async () => {
    const tested = guard({ openMs: 1_000 });
    await expect(tested.run(1_000, fail('rate_limit', { retryAfterMs: 60_000 }))).toFailWith('rate_limit');
    time += 59_000;
    expect(tested.breaker.state).toBe('open');
    const refused = await tested.run(1_000, async () => 1).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'rate_limit', details: { registry: 'acme', retryAfterMs: 1_000 } });
    time += 1_000;
    expect(tested.breaker.state).toBe('half-open');
    await tested.run(1_000, async () => 1);
    expect(tested.breaker.state).toBe('closed');
  });

  it('is back when the one that tries is told that there is no such template', async () => {
    const tested = guard({ failuresToOpen: 1, attempts: 1, openMs: 1_000 });
    await expect(tested.run(1_000, fail('network'))).toFailWith('network');
    time += 1_001;
    await expect(tested.run(1_000, fail('template_not_found'))).toFailWith('template_not_found');
    expect(tested.breaker.state).toBe('closed');
  });

  it('is asked by one of many that come when its time is over; the others do not wait', async () => {
    const tested = guard({ failuresToOpen: 1, attempts: 1, openMs: 1_000 });
    await expect(tested.run(1_000, fail('network'))).toFailWith('network');
    time += 1_001;
    let calls = 0;
    const all = Array.from({ length: 5 }, () =>
      tested.run(1_000, async () => {
        calls += 1;
        await sleep(20);
      }),
    );
    const outcomes = await Promise.allSettled(all);
    expect([calls, outcomes.filter(({ status }) => status === 'fulfilled').length]).toEqual([1, 1]);
  });

  it('starts anew when somebody asks for that', async () => {
    const tested = guard({ failuresToOpen: 1, attempts: 1 });
    await expect(tested.run(1_000, fail('network'))).toFailWith('network');
    tested.breaker.reset();
    expect(tested.breaker.state).toBe('closed');
    await expect(tested.run(1_000, async () => 'there')).resolves.toBe('there');
  });

  it('has not failed when our own store has', async () => {
    const tested = guard({ failuresToOpen: 1 });
    await expect(tested.run(1_000, fail('store_unavailable'))).toFailWith('store_unavailable');
    expect(tested.breaker.state).toBe('closed');
    expect(tested.meter.figures().calls).toBe(0);
  });
});

describe('every call', () => {
  it('is told with its kind, time and code; each try by itself', async () => {
    const told: unknown[] = [];
    const listener: MeterListener = { call: (...call) => told.push(call), cache: () => undefined };
    const tested = guard({}, listener);
    await tested.run(1_000, async () => 1, 'listing');
    await expect(tested.run(1_000, fail('network'))).toFailWith('network');
    await expect(tested.run(1_000, fail('version_not_found'))).toFailWith('version_not_found');
    const ms = expect.any(Number);
    expect(told).toEqual([
      ['listing', ms, undefined],
      ['detail', ms, 'network'],
      ['detail', ms, 'network'],
      ['detail', ms, undefined],
    ]);
  });

  it('is repeated later and later, as the pauses double', async () => {
    const at: number[] = [];
    const tested = guard({ attempts: 3, retryMs: 40, failuresToOpen: 10 });
    const call = async () => {
      at.push(performance.now());
      throw new ChandleryError('network', 'broken');
    };
    await expect(tested.run(5_000, call)).toFailWith('network');
    const [first = 0, second = 0, third = 0] = at;
    expect(second - first).toBeGreaterThanOrEqual(18);
    expect(third - second).toBeGreaterThanOrEqual(38);
  });
});
