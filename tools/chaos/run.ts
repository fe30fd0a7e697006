import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { OperationView } from '../../src/domain/operation.ts';
import type { ApiClient } from '../lab/api-client.ts';
import type { Finding, Outcome } from './findings.ts';
import { countInterrupted, countWarned, judgeOutcomes } from './findings.ts';
import type { ChaosOptions } from './options.ts';
import type { PlannedInstall, PlannedKill } from './plan.ts';
import { planChaos } from './plan.ts';
import { inspectRegistry } from './registry-sink.ts';
import type { Stage } from './stage.ts';
import { openStage } from './stage.ts';
import { inspectStore } from './store-sink.ts';
import type { WorkerPool } from './workers.ts';

/** An operation that has not ended by then, counted from the last kill (or request), is stuck: milliseconds. */
const STUCK_AFTER_MS = 120_000;
const POLL_EVERY_MS = 500;
const TELL_EVERY_MS = 5_000;

export interface ChaosReport {
  findings: Finding[];
  kills: number;
  succeeded: number;
  /** Of these, how many gave up telling the caches, with a warning. */
  warned: number;
  /** How often each step lost its worker. */
  interrupted: Record<string, number>;
  seconds: number;
}

/**
 * Installs under kills, on real processes, then counts at the sinks. Throws when the run itself could not be made (a process that did
 * not start, a request that was not accepted, an abort); what it started is stopped in any case.
 */
export async function runChaos(
  options: ChaosOptions,
  { say, signal }: { say: (line: string) => void; signal: AbortSignal },
): Promise<ChaosReport> {
  const startedAt = Date.now();
  const plan = planChaos(options);
  say(`seed ${options.seed}: ${options.installs} installs under ${options.kills} kills of ${options.targets.join(', ')}`);
  const stage = await openStage(plan.templates, say);
  try {
    const board = new Board(options, say);
    const run = new AbortController();
    const both = AbortSignal.any([signal, run.signal]);
    // Every operation that is waited for listens.
    setMaxListeners(0, both);
    const work = [submitAll(plan.installs, stage, board, both), killAll(plan.kills, stage.workers, board, both)];
    await Promise.all(work).finally(() => {
      run.abort();
      board.close();
    });
    say('everything has ended; counting');
    const outcomes = board.outcomes;
    const findings = [...judgeOutcomes(outcomes), ...(await inspectSinks(stage, outcomes))];
    findings.push(...(await stage.close()));
    return {
      findings,
      kills: board.kills,
      succeeded: outcomes.filter(({ operation }) => operation?.state === 'succeeded').length,
      warned: countWarned(outcomes),
      interrupted: countInterrupted(outcomes),
      seconds: Math.round((Date.now() - startedAt) / 1_000),
    };
  } finally {
    await stage.close();
  }
}

/** What has happened so far, told every few seconds. */
class Board {
  readonly outcomes: Outcome[] = [];
  accepted = 0;
  kills = 0;
  readonly #timer: NodeJS.Timeout;
  #lastDeedAt = Date.now();

  constructor(
    private readonly options: ChaosOptions,
    say: (line: string) => void,
  ) {
    const { installs, kills } = options;
    const tell = () => say(`accepted ${this.accepted}/${installs}, ended ${this.outcomes.length}, kills ${this.kills}/${kills}`);
    this.#timer = setInterval(tell, TELL_EVERY_MS);
  }

  noteKill(): void {
    this.kills += 1;
    this.#lastDeedAt = Date.now();
  }

  noteAccepted(): void {
    this.accepted += 1;
    this.#lastDeedAt = Date.now();
  }

  /** Nothing more will be done to the operations, and the time after the last deed is over. */
  get overdue(): boolean {
    const { installs, kills } = this.options;
    return this.kills === kills && this.accepted === installs && Date.now() > this.#lastDeedAt + STUCK_AFTER_MS;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

async function killAll(kills: readonly PlannedKill[], workers: WorkerPool, board: Board, signal: AbortSignal): Promise<void> {
  const startedAt = Date.now();
  for (const { at, pick } of kills) {
    await sleep(Math.max(0, startedAt + at - Date.now()), undefined, { signal });
    await workers.killOne(pick);
    board.noteKill();
  }
}

async function submitAll(installs: readonly PlannedInstall[], stage: Stage, board: Board, signal: AbortSignal): Promise<void> {
  const startedAt = Date.now();
  await Promise.all(
    installs.map(async (install) => {
      await sleep(Math.max(0, startedAt + install.at - Date.now()), undefined, { signal });
      const id = await stage.api.install(install.namespace, install.name);
      board.noteAccepted();
      board.outcomes.push({ install, id, ...(await follow(id, stage, board, signal)) });
    }),
  );
}

async function follow(id: string, stage: Stage, board: Board, signal: AbortSignal): Promise<Omit<Outcome, 'install' | 'id'>> {
  let last: OperationView | undefined;
  for (;;) {
    stage.workers.check();
    const read = await readOperation(stage.api, id);
    if (read === 'unknown') return { fate: 'unknown', ...(last && { operation: last }) };
    last = read ?? last;
    if (last?.endedAt !== undefined) return { fate: 'ended', operation: last };
    if (board.overdue) return { fate: 'stuck', ...(last && { operation: last }) };
    await sleep(POLL_EVERY_MS, undefined, { signal });
  }
}

/** Undefined when the API gave no answer for now: it will be asked again. */
async function readOperation(api: ApiClient, id: string): Promise<OperationView | 'unknown' | undefined> {
  const answer = await api.get(`/api/v1/operations/${id}`).catch(() => undefined);
  if (answer?.status === 404) return 'unknown';
  return answer?.status === 200 ? (answer.body as OperationView) : undefined;
}

async function inspectSinks(stage: Stage, outcomes: readonly Outcome[]): Promise<Finding[]> {
  const storedAt = await readStoredAt(stage.databaseUrl);
  const transfers = { requests: stage.registry.requests(), reads: stage.reads, storedAt };
  return [...(await inspectStore(stage.databaseUrl, outcomes)), ...inspectRegistry(outcomes, transfers)];
}

async function readStoredAt(databaseUrl: string): Promise<Map<string, number>> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    const { rows } = await db.query('select digest, created_at from blobs');
    return new Map(rows.map(({ digest, created_at }) => [digest as string, (created_at as Date).getTime()]));
  } finally {
    await db.end();
  }
}
