import type { temporal } from '@temporalio/proto';
import proto from '@temporalio/proto';
import type { OperationView } from '../domain/operation.ts';
import { targetId } from '../domain/operation.ts';
import type { AttemptStore } from '../domain/store.ts';
import type { Engine } from './engine.ts';
import { callEngine, engineError } from './engine.ts';
import type { Run } from './operations.ts';
import { RunReader, runOf } from './operations.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** A pending step is described this often: attempts and heartbeats are not in the history while it runs. */
const DESCRIBE_EVERY_MS = 1_000;
/** What happens within this long of a frame comes with the next one: nobody reads faster, and each frame is a question to the engine. */
const FRAME_EVERY_MS = 100;
/** One long poll; the server answers earlier when something happens. */
const POLL_DEADLINE_MS = 30_000;

const { HISTORY_EVENT_FILTER_TYPE_ALL_EVENT: ALL, HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT: END } =
  proto.temporal.api.enums.v1.HistoryEventFilterType;
/** What a poll answers: every event, or only the one that ends the run. */
const FILTERS = { all: ALL, end: END } as const;

export interface OperationFrame {
  /** `<run id>:<event id>` where the frame stands for a place in the history; absent for one that only shows a pending step anew. */
  id?: string;
  operation: OperationView;
}

/** Follows an operation until it ends or the signal aborts. The first frame comes at once unless `after` is already the newest place. */
export async function* watchOperation(
  engine: Engine,
  attempts: AttemptStore,
  id: string,
  options: { signal: AbortSignal; after?: string },
): AsyncGenerator<OperationFrame> {
  const run = runOf(id);
  const reader = new RunReader(engine, attempts);
  const pages = new Pages(historyPages(engine, run, options.signal));
  await reader.feed((await pages.next()) ?? []);
  let shownAt = options.after === frameId(run, reader) ? reader.lastEventId : 0;
  let shown = '';
  while (!options.signal.aborted) {
    const operation = await reader.view(reader.ended ? [] : await pendingOf(engine, run));
    const text = JSON.stringify(operation);
    if (reader.lastEventId !== shownAt) yield { id: frameId(run, reader), operation };
    else if (text !== shown && shown !== '') yield { operation };
    shownAt = reader.lastEventId;
    shown = text;
    if (reader.ended || !(await readOn(reader, pages))) return;
  }
}

/** Reads until there is something to show: the end at once, other news a moment later, and a pending step each second. False when nothing more comes. */
async function readOn(reader: RunReader, pages: Pages): Promise<boolean> {
  const since = performance.now();
  const known = reader.lastEventId;
  for (;;) {
    const wait = (reader.lastEventId === known ? DESCRIBE_EVERY_MS : FRAME_EVERY_MS) - (performance.now() - since);
    const page = wait > 0 ? await pages.next(wait) : undefined;
    if (!page) return !pages.done;
    await reader.feed(page);
    if (reader.ended) return true;
  }
}

/** The pages, each asked for before anybody waits for it. */
class Pages {
  done = false;
  #next: Promise<IteratorResult<HistoryEvent[], undefined>>;

  constructor(private readonly feed: ReturnType<typeof historyPages>) {
    this.#next = ahead(feed);
  }

  /** Undefined when none comes within the time, or at all. */
  async next(withinMs?: number): Promise<HistoryEvent[] | undefined> {
    const page = await (withinMs === undefined ? this.#next : Promise.race([this.#next, pause(withinMs)]));
    if (page?.done) this.done = true;
    if (!page || page.done) return undefined;
    this.#next = ahead(this.feed);
    return page.value;
  }
}

/** Asks for the next page before anybody waits for it. A failure nobody waits for any more must not end the process. */
function ahead<Page>(feed: AsyncGenerator<Page, undefined>): Promise<IteratorResult<Page, undefined>> {
  const next = feed.next();
  next.catch(() => undefined);
  return next;
}

function frameId(run: Run, reader: RunReader): string {
  return `${run.runId}:${reader.lastEventId}`;
}

async function pendingOf(engine: Engine, run: Run) {
  const description = await callEngine(engine, () =>
    engine.client.workflow.getHandle(targetId(run.target), run.runId).describe(),
  );
  return description.raw.pendingActivities ?? [];
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
}

/**
 * The first page is everything so far; each later one waits for news. What came with others is collected for a moment, as an engine that
 * is asked for each event by itself is busy with answering; the end of the run cuts that short.
 */
async function* historyPages(
  engine: Engine,
  run: Run,
  signal: AbortSignal,
): AsyncGenerator<temporal.api.history.v1.IHistoryEvent[], undefined> {
  let nextPageToken: Uint8Array | undefined;
  const soFar: temporal.api.history.v1.IHistoryEvent[] = [];
  do {
    const page = await callEngine(engine, () => poll(engine, run, false, nextPageToken));
    soFar.push(...(page.history?.events ?? []));
    nextPageToken = tokenOf(page);
  } while (nextPageToken);
  yield soFar;
  let last = Number(soFar.at(-1)?.eventId ?? 0);
  let end: Promise<unknown> | undefined;
  while (!signal.aborted) {
    const page = await waitForNews(engine, run, signal, nextPageToken);
    if (!page) continue;
    nextPageToken = tokenOf(page);
    // A long poll without a token begins at the first event again.
    const news = (page.history?.events ?? []).filter((event) => Number(event.eventId) > last);
    last = Number(news.at(-1)?.eventId ?? last);
    if (news.length > 0) yield news;
    if (!nextPageToken) return undefined;
    end ??= waitForEnd(engine, run, signal).finally(() => {
      end = undefined;
    });
    await Promise.race([pause(FRAME_EVERY_MS), end]);
  }
  return undefined;
}

/** Resolves when the run has ended, and at the latest at the poll's deadline. What is wrong with the engine, the poll for news says. */
function waitForEnd(engine: Engine, run: Run, signal: AbortSignal): Promise<unknown> {
  return waitForNews(engine, run, signal, undefined, 'end').catch(() => undefined);
}

/** Undefined when nothing happened before the poll's deadline. */
async function waitForNews(
  engine: Engine,
  run: Run,
  signal: AbortSignal,
  token: Uint8Array | undefined,
  of: keyof typeof FILTERS = 'all',
) {
  try {
    // A signal of its own for each poll: the listeners that a call adds stay on the signal it was given.
    return await engine.connection.withAbortSignal(AbortSignal.any([signal]), () =>
      engine.connection.withDeadline(Date.now() + POLL_DEADLINE_MS, () => poll(engine, run, true, token, of)),
    );
  } catch (error) {
    const DEADLINE_EXCEEDED = 4;
    if (signal.aborted || (error as { code?: number }).code === DEADLINE_EXCEEDED) return undefined;
    throw engineError(error);
  }
}

function poll(
  engine: Engine,
  run: Run,
  waitNewEvent: boolean,
  nextPageToken: Uint8Array | undefined,
  of: keyof typeof FILTERS = 'all',
) {
  return engine.connection.workflowService.getWorkflowExecutionHistory({
    namespace: engine.namespace,
    execution: { workflowId: targetId(run.target), runId: run.runId },
    waitNewEvent,
    historyEventFilterType: FILTERS[of],
    ...(nextPageToken && { nextPageToken }),
  });
}

function tokenOf(page: temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryResponse): Uint8Array | undefined {
  return page.nextPageToken && page.nextPageToken.length > 0 ? page.nextPageToken : undefined;
}
