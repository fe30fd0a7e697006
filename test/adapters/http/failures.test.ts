import { describe, expect, it } from '@jest/globals';
import { displayUrl, MAX_RETRY_AFTER_MS, parseRetryAfter, statusFailure } from '../../../src/adapters/http/failures.ts';

describe('parseRetryAfter', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each<[string | undefined, number | undefined]>([
    ['0', 0],
    ['7', 7_000],
    ['99999999999999999999', MAX_RETRY_AFTER_MS],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['Fri, 01 Jan 2027 00:00:00 GMT', MAX_RETRY_AFTER_MS],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %p as %p ms', (text, ms) => {
    expect(parseRetryAfter(text, now)).toBe(ms);
  });
});

describe('statusFailure', () => {
  it.each([
    [401, 'authentication'],
    [403, 'authorization'],
    [404, 'registry_invalid'],
    [408, 'registry_unavailable'],
    [418, 'registry_invalid'],
    [429, 'rate_limit'],
    [500, 'registry_unavailable'],
    [503, 'registry_unavailable'],
  ])('maps %i to %s', (status, code) => {
    const failure = statusFailure(status, '3', { url: 'https://r.example', registry: 'r' });
    expect(failure?.code).toBe(code);
    expect(failure?.details).toMatchObject({ registry: 'r', upstreamStatus: status });
  });
});

describe('displayUrl', () => {
  it('leaves out user information and query', () => {
    expect(displayUrl(new URL('https://user:pass@r.example/a?token=secret#x'))).toBe('https://r.example/a');
  });
});
