import { describe, expect, it } from '@jest/globals';
import picocolors from 'picocolors';
import { Screen } from '../../src/cli/screen.ts';
import { changeLines } from '../../src/cli/steps-lines.ts';
import { renderOperation } from '../../src/cli/steps-view.ts';
import type { OperationView } from '../../src/domain/operation.ts';
import { at, done, operation, step } from './support/operations.ts';

const colors = picocolors.createColors(false);
const render = (view: OperationView, ms: number, width = 120) =>
  renderOperation(view, { now: Date.parse(at(ms)), frame: 0, width, colors });
const lost = { attempt: 1, outcome: 'worker_lost' as const, message: 'the worker went away' };
const refused = { code: 'registry_unavailable' as const, message: 'connection refused', guidance: 'wait' };

describe('the live view', () => {
  it('shows a download with its percent and what it waits for', () => {
    const download = step('download', {
      state: 'running',
      attempt: 1,
      startedAt: at(1_000),
      bytes: { done: 3_200_000, total: 7_100_000 },
      waitingFor: 'redis@7.2.5',
    });
    expect(render(operation({}, [done('pre-validate', 'fine'), download]), 4_200)).toEqual([
      'install shop in team-a  running  4.2s',
      '  ✔ pre-validate            0.1s  fine',
      '  · resolve-dependencies',
      '  · authenticate',
      '  ⠋ download                3.2s  45% (3.2 MB of 7.1 MB)  waiting for redis@7.2.5',
      '  · scan',
      '  · install',
      '  · update-cache',
    ]);
  });

  it('counts down to the next try and keeps the lost worker in sight', () => {
    const attempts = [lost, { attempt: 2, outcome: 'registry_unavailable' as const, message: 'connection refused' }];
    const download = step('download', {
      state: 'retrying',
      attempt: 3,
      startedAt: at(0),
      nextRetryAt: at(9_000),
      failure: refused,
      attempts,
    });
    const lines = render(operation({}, [download]), 5_500);
    expect(lines[4]).toBe(
      '  ⠋ download                5.5s  attempt 3  next try in 4s  registry_unavailable: connection refused',
    );
    expect(lines.slice(5, 7)).toEqual([
      '      attempt 1: worker lost: the worker went away',
      '      attempt 2: registry_unavailable: connection refused',
    ]);
  });

  it('marks what failed, what was undone and what was skipped, and names the warnings', () => {
    const view = operation({ state: 'failed', endedAt: at(900), warnings: ['one image stayed'] }, [
      { ...done('pre-validate', 'fine'), undone: true },
      step('download', {
        state: 'failed',
        attempt: 2,
        startedAt: at(0),
        endedAt: at(800),
        failure: refused,
        attempts: [lost, { attempt: 2, outcome: 'registry_unavailable', message: 'x' }],
      }),
      step('scan', { state: 'skipped' }),
    ]);
    const lines = render(view, 5_000);
    expect(lines[0]).toBe('install shop in team-a  failed  0.9s');
    expect(lines[1]).toBe('  ↶ pre-validate            0.1s  undone  fine');
    expect(lines).toContain('  ✖ download                0.8s  attempt 2  registry_unavailable: connection refused');
    expect(lines.filter((line) => line.includes('attempt 2'))).toHaveLength(1);
    expect(lines).toContain('  - scan');
    expect(lines.at(-1)).toBe('  warning: one image stayed');
  });

  it('says what the undo of a step waits for, also of one that was cancelled', () => {
    const forbidden = { code: 'undo_forbidden' as const, message: 'ann may not delete pods', guidance: 'give' };
    const ended = { attempt: 1, startedAt: at(0), endedAt: at(100), failure: forbidden };
    const steps = [step('install', { state: 'cancelled', ...ended }), { ...done('scan', 'fine'), ...ended }];
    const lines = render(operation({ state: 'undoing' }, steps), 200);
    expect(lines).toContain('  ■ install                 0.1s  undo_forbidden: ann may not delete pods');
    expect(lines).toContain('  ✔ scan                    0.1s  fine  undo_forbidden: ann may not delete pods');
  });

  it('fits the width and obeys no escape sequence', () => {
    const long = done('pre-validate', `\u001b[31m${'x'.repeat(300)}`);
    for (const line of render(operation({}, [long]), 0, 60)) {
      expect(line.length).toBeLessThanOrEqual(60);
      expect(line).not.toContain('\u001b');
    }
  });

  it('says that a cancelling operation is cancelling', () => {
    expect(render(operation({ cancelRequested: true }), 0)[0]).toContain('cancelling');
  });
});

describe('the plain lines', () => {
  const now = Date.parse(at(10_000));

  it('say nothing when nothing changed', () => {
    const view = operation({}, [done('pre-validate', 'fine')]);
    expect(changeLines(view, view, now)).toEqual([]);
  });

  it('tell each failed attempt once, and the end of a step that was retried', () => {
    const first = operation({}, [step('download', { state: 'running', attempt: 1, startedAt: at(0) })]);
    const second = operation({}, [step('download', { state: 'retrying', attempt: 2, startedAt: at(0), attempts: [lost] })]);
    const third = operation({}, [
      step('download', {
        state: 'succeeded',
        attempt: 2,
        startedAt: at(0),
        endedAt: at(3_000),
        attempts: [lost],
        detail: '3 archives',
      }),
    ]);
    expect(changeLines(first, second, now)).toEqual(['download  retrying  attempt 1: worker lost: the worker went away']);
    expect(changeLines(second, second, now)).toEqual([]);
    expect(changeLines(second, third, now)).toEqual(['download  succeeded  3.0s  attempt 2  3 archives']);
  });

  it('tell once what an undo waits for', () => {
    const failed = step('install', { state: 'failed', attempt: 1, startedAt: at(0), endedAt: at(100), failure: refused });
    const failure = { code: 'undo_forbidden' as const, message: 'ann may not delete pods', guidance: 'give' };
    const [before, waiting, undone] = [failed, { ...failed, failure }, { ...failed, undone: true }].map((one) =>
      operation({ state: 'undoing' }, [one]),
    );
    expect(waiting && changeLines(before, waiting, now)).toEqual([
      'install  undo waits  undo_forbidden: ann may not delete pods',
    ]);
    expect(waiting && changeLines(waiting, waiting, now)).toEqual([]);
    expect(undone && changeLines(waiting, undone, now)).toEqual(['install  undone  0.1s']);
  });

  it('tell undoing and its result', () => {
    const before = operation({}, [done('install', 'materialised')]);
    const undone = operation({ state: 'undoing', cancelRequested: true }, [{ ...done('install', 'materialised'), undone: true }]);
    expect(changeLines(before, undone, now)).toEqual([
      'install  undone  0.1s',
      'install shop in team-a  cancelling',
      'install shop in team-a  undoing',
    ]);
  });
});

describe('the screen', () => {
  it('draws over its own lines and shows the cursor at the end', () => {
    const written: string[] = [];
    const screen = new Screen({ write: (text) => written.push(text), columns: 80, rows: 24 });
    screen.draw(['one', 'two']);
    screen.draw(['three']);
    screen.finish(['end']);
    expect(written[1]).toContain('\u001b[2A');
    expect(written.join('')).toMatch(/end\n.\[\?25h$/);
  });

  it('never draws more lines than the cursor can go back over', () => {
    const written: string[] = [];
    const screen = new Screen({ write: (text) => written.push(text), columns: 80, rows: 4 });
    screen.draw(['1', '2', '3', '4', '5']);
    expect(written[0]?.split('\n')).toHaveLength(4);
  });
});
