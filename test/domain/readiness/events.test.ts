import { describe, expect, it } from '@jest/globals';
import { EventLog, eventOf, isEvent } from '../../../src/domain/readiness/events.ts';
import { at, event, object, ref, WEB } from './support/objects.ts';

function logged(...events: Array<ReturnType<typeof event>>): EventLog {
  const log = new EventLog();
  for (const item of events) {
    const read = eventOf(item);
    if (read) log.add(read);
  }
  return log;
}

describe('eventOf', () => {
  it('reads an event of the core group', () => {
    expect(eventOf(event(WEB, { reason: 'Failed', message: 'no' }))).toEqual({
      type: 'Warning',
      reason: 'Failed',
      message: 'no',
      count: 1,
      at: at(1_000),
      about: WEB,
    });
  });

  it('reads an event of the events group', () => {
    const newer = object('events.k8s.io/v1', 'Event', 'e', {
      regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'p' },
      reason: 'Failed',
      note: 'no',
      type: 'Warning',
      eventTime: at(0),
      series: { count: 5, lastObservedTime: at(9_000) },
    });
    expect(isEvent(newer)).toBe(true);
    expect(eventOf(newer)).toMatchObject({ message: 'no', count: 5, at: at(9_000), about: { kind: 'Pod', name: 'p' } });
  });

  it('has nothing to say about an event that names no object', () => {
    expect(eventOf(object('v1', 'Event', 'e', { involvedObject: {} }))).toBeUndefined();
  });
});

describe('EventLog', () => {
  it('answers by time, each saying once', () => {
    const log = logged(
      event(WEB, { reason: 'B', message: 'second', ms: 2_000 }),
      event(WEB, { reason: 'A', message: 'first', ms: 1_000 }),
      event(WEB, { reason: 'B', message: 'second', ms: 3_000 }),
    );
    expect(log.of(WEB).map(({ reason, at: time }) => [reason, time])).toEqual([
      ['A', at(1_000)],
      ['B', at(3_000)],
    ]);
  });

  it('tells only warnings where there are any, and the last five', () => {
    const warnings = Array.from({ length: 8 }, (_, index) => event(WEB, { reason: `W${index}`, message: '', ms: index * 1_000 }));
    const log = logged(...warnings, event(WEB, { reason: 'Pulling', message: '', type: 'Normal', ms: 60_000 }));
    expect(log.tell([WEB], 0).map(({ reason }) => reason)).toEqual(['W3', 'W4', 'W5', 'W6', 'W7']);
  });

  it('stays small in a busy namespace', () => {
    const log = new EventLog();
    const hear = (name: string, reason: string) => {
      const read = eventOf(event(ref('v1', 'Pod', name), { reason, message: '' }));
      if (read) log.add(read);
    };
    for (let index = 0; index < 600; index += 1) hear(`pod-${index}`, 'R');
    for (let index = 0; index < 30; index += 1) hear('pod-599', `R${index}`);
    expect(log.of(ref('v1', 'Pod', 'pod-0'))).toEqual([]);
    expect(log.of(ref('v1', 'Pod', 'pod-598'))).toHaveLength(1);
    expect(log.of(ref('v1', 'Pod', 'pod-599'))).toHaveLength(10);
  });
});
