import type { temporal } from '@temporalio/proto';
import { median, round } from '../figures.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Where the time of one step went, milliseconds. */
export interface StepTime {
  /** The activity's name. */
  name: string;
  /** From being scheduled until a worker had it. */
  queued: number;
  /** From then until the engine had its result. */
  ran: number;
  /** From then until the next step was scheduled, or the run ended: the workflow's own turn. */
  after: number;
}

const NANOS_PER_MS = 1_000_000;

/** The steps of one run that succeeded, in order. What lies before the first is the workflow's first turn, given as `start`. */
export function stepTimes(events: readonly HistoryEvent[]): StepTime[] {
  const times: StepTime[] = [];
  let name = 'start';
  let [scheduled, started, completed] = [0, 0, 0];
  const close = (at: number) =>
    times.push({ name, queued: started - scheduled, ran: completed - started, after: at - completed });
  for (const event of events) {
    const at = exactMillis(event);
    if (event.workflowExecutionStartedEventAttributes) scheduled = started = completed = at;
    const begun = event.activityTaskScheduledEventAttributes;
    if (begun || event.workflowExecutionCompletedEventAttributes) close(at);
    if (begun) {
      name = begun.activityType?.name ?? '';
      scheduled = at;
    }
    if (event.activityTaskStartedEventAttributes) started = at;
    if (event.activityTaskCompletedEventAttributes) completed = at;
  }
  return times;
}

function exactMillis({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / NANOS_PER_MS;
}

/** Medians over runs of the same steps: `apply 3.1+21.0+4.2`, queued, ran and after. */
export function describeSteps(runs: readonly StepTime[][]): string {
  const [first = []] = runs;
  const parts = first.map(({ name }, at) => {
    const of = (member: 'queued' | 'ran' | 'after') => round(median(runs.map((run) => run[at]?.[member] ?? 0)));
    return at === 0 ? `${name} ${of('after')}` : `${name} ${of('queued')}+${of('ran')}+${of('after')}`;
  });
  return parts.join(', ');
}
