import { describe, expect, it } from '@jest/globals';
import { type RegistryCheck, summariseChecks } from '../../src/domain/health.ts';

const NOW = Date.parse('2026-01-02T12:00:00Z');
const MINUTE = 60_000;

/** Newest first, five minutes apart: `+` for a success, `-` for a failure. */
function checks(outcomes: string): RegistryCheck[] {
  return [...outcomes].map((sign, at) => ({
    at: new Date(NOW - at * 5 * MINUTE).toISOString(),
    ok: sign === '+',
    latencyMs: 10 * (at + 1),
    bytes: sign === '+' ? 100 : 0,
    ...(sign === '+' ? { bytesPerSecond: 1_000 * (at + 1) } : { code: 'registry_unavailable' as const, message: 'away' }),
  }));
}

const windowOf = (outcomes: string) => summariseChecks(checks(outcomes), NOW)?.window;

describe('what the checks of a registry say together', () => {
  it('is nothing before the first one', () => {
    expect(summariseChecks([], NOW)).toBeUndefined();
  });

  it.each([
    ['++++', 'healthy', 0],
    ['----', 'failing', 4],
    ['--++', 'failing', 2],
    ['++--', 'recovered', 0],
    ['+--+', 'recovered', 0],
    ['-+-+', 'intermittent', 1],
    ['+-+-', 'intermittent', 0],
  ])('%s is %s', (outcomes, pattern, failuresInARow) => {
    expect(windowOf(outcomes)).toMatchObject({ pattern, failuresInARow });
  });

  it('counts failures by code, and times and throughput of those that succeeded', () => {
    expect(windowOf('+-+-')).toEqual({
      seconds: 3_600,
      checks: 4,
      failures: 2,
      errorRate: 0.5,
      errors: { registry_unavailable: 2 },
      failuresInARow: 0,
      pattern: 'intermittent',
      latencyMs: { average: 20, max: 30 },
      bytesPerSecond: 2_000,
    });
  });

  it('looks an hour back, and shows the last twenty', () => {
    const summary = summariseChecks(checks(`+${'-'.repeat(30)}`), NOW);
    expect(summary?.window).toMatchObject({ checks: 13, failures: 12 });
    expect(summary?.history).toHaveLength(20);
    expect(summary?.latest.ok).toBe(true);
  });

  it('stays with the last check when nobody has looked for long', () => {
    const summary = summariseChecks(checks('-'), NOW + 24 * 60 * MINUTE);
    expect(summary).toMatchObject({ latest: { ok: false }, window: { checks: 0, errorRate: 0, pattern: 'healthy' } });
  });
});
