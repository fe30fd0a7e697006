import { describe, expect, it } from '@jest/globals';
import { notReady } from '../../../src/domain/readiness/failure.ts';
import { WEB } from './support/objects.ts';

const failure = {
  code: 'not_ready' as const,
  ref: WEB,
  reason: 'CrashLoopBackOff',
  message: 'pod web-b-x: container app: ended with exit code 1; 3 restarts',
  events: [{ type: 'Warning', reason: 'BackOff', message: 'y'.repeat(1_000), count: 4, at: '2026-11-21T12:00:01Z', about: WEB }],
  pod: { namespace: 'shop', name: 'web-b-x', container: 'app' },
};

describe('notReady', () => {
  it('names the object, the reason and the message', () => {
    const error = notReady(failure);
    expect(error.code).toBe('not_ready');
    expect(error.message).toBe(`Deployment shop/web did not get ready: CrashLoopBackOff: ${failure.message}`);
    expect(error.details).toMatchObject({ object: WEB, reason: 'CrashLoopBackOff' });
    expect(error.details).not.toHaveProperty('log');
  });

  it('keeps the code of a quota', () => {
    expect(notReady({ ...failure, code: 'quota_exceeded' }).code).toBe('quota_exceeded');
  });

  it('carries the events and the end of the log, both bounded', () => {
    const log = `${Array.from({ length: 100 }, (_, at) => `line ${at} ${'z'.repeat(1_000)}`).join('\n')}\n\n`;
    const { details } = notReady(failure, log);
    const { events, log: shown } = details as { events: Array<{ message: string; object: string }>; log: { lines: string[] } };
    expect(events[0]).toMatchObject({ object: 'Deployment shop/web', reason: 'BackOff', count: 4 });
    expect(events[0]?.message).toHaveLength(300);
    expect(shown).toMatchObject({ pod: 'web-b-x', container: 'app' });
    expect(shown.lines).toHaveLength(20);
    expect(shown.lines.at(-1)).toMatch(/^line 99 z+$/);
    expect(JSON.stringify(details).length).toBeLessThan(10_000);
  });
});
