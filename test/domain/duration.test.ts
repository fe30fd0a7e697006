import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config.ts';
import { parseDuration } from '../../src/domain/duration.ts';

describe('a time as text', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['0', 0],
    ['15', undefined],
    ['1.5h', undefined],
    ['-1s', undefined],
    ['m', undefined],
    ['9999999999d', undefined],
  ])('%s is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it('is how the tiers of the cache and the checks are configured', () => {
    const { cache, healthIntervalMs } = readConfig({});
    expect(cache).toEqual({ searchMs: 900_000, templateMs: 3_600_000, catalogMs: 86_400_000, validationMs: 604_800_000 });
    expect(healthIntervalMs).toBe(300_000);
    const other = readConfig({ CHANDLERY_CACHE_SEARCH: '1m', CHANDLERY_HEALTH_INTERVAL: '0' });
    expect([other.cache.searchMs, other.healthIntervalMs]).toEqual([60_000, 0]);
  });

  it('is refused with the name of the variable when it is none, or too short', async () => {
    await expect(() => readConfig({ CHANDLERY_CACHE_TEMPLATE: 'soon' })).toFailWith('config_invalid');
    expect(() => readConfig({ CHANDLERY_CACHE_TEMPLATE: 'soon' })).toThrow('CHANDLERY_CACHE_TEMPLATE: must be a time such as');
    expect(() => readConfig({ CHANDLERY_HEALTH_INTERVAL: '1s' })).toThrow('must be 10s or more, or 0 for never');
  });
});
