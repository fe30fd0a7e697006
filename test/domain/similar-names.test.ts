import { describe, expect, it } from '@jest/globals';
import { similarNames } from '../../src/domain/similar-names.ts';

const KNOWN = ['redis', 'redis-ha', 'web-app', 'static-site', 'cron-job', 'postgres', 'redmine', 'shop'];

describe('similarNames', () => {
  it.each([
    ['redid', ['redis']],
    ['rdeis', ['redis']],
    ['Redis', ['redis', 'redis-ha']],
    ['redi', ['redis', 'redis-ha']],
    ['webapp', ['web-app']],
    ['postgresql', ['postgres']],
    ['cron', ['cron-job']],
    ['kubernetes', []],
    ['', []],
  ])('suggests for %j: %j', (name, expected) => expect(similarNames(name, KNOWN)).toEqual(expected));

  it('suggests at most as many as asked for', () => expect(similarNames('redis-h', KNOWN, 1)).toEqual(['redis-ha']));
  it('never suggests the name itself', () => expect(similarNames('redis', KNOWN)).not.toContain('redis'));
  it('compares hostile names in bounded time', () =>
    expect(similarNames('a'.repeat(100_000), ['b'.repeat(100_000)])).toEqual([]));
});
