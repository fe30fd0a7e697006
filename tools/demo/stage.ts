import type { OperationView, StepView } from '../../src/domain/operation.ts';
import type { FaultProxy } from '../../test/support/fault-proxy.ts';
import type { ApiClient } from '../lab/api-client.ts';
import type { Child } from '../lab/child.ts';
import type { Lab } from '../lab/index.ts';
import type { SeenResource } from './cluster-view.ts';
import type { DeploymentReport } from './deployment-report.ts';

/** What the chapters play with. */
export interface DemoSet {
  lab: Lab;
  client: ApiClient;
  registry: FaultProxy;
  worker: Child;
}

export interface DemoReport {
  ok: boolean;
  operations: Array<{ id: string; kind: string; state: string; replayOf?: string; failure?: string }>;
  steps: Array<{
    operation: string;
    name: string;
    state: string;
    ms: number;
    attempts: number;
    kept?: boolean;
    undone?: boolean;
  }>;
  kills: number;
  /** Of the deployed shop and what it stands on, as the cluster showed them when they were ready. */
  resources: SeenResource[];
  deployment: DeploymentReport;
  problems: string[];
  seconds: number;
}

/** How often a running operation is looked at, milliseconds. */
const LOOK_EVERY_MS = 100;
/** Characters of a line; what a cluster says about an image is longer than anybody reads. */
const MAX_LINE = 240;

/** Tells the story and keeps the record of it. */
export class Stage {
  readonly #say: (line: string) => void;
  readonly #startedAt = performance.now();
  readonly #operations = new Map<string, OperationView>();
  readonly #problems: string[] = [];
  kills = 0;
  resources: SeenResource[] = [];
  readonly deployment: DeploymentReport = {};

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  chapter(title: string): void {
    this.#say(`\n== ${title}  [${Math.round(this.#seconds())} s]`);
  }

  detail(line: string): void {
    this.#say(`   ${line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line}`);
  }

  fail(problem: string): void {
    this.#problems.push(problem);
    this.#say(`   PROBLEM: ${problem}`);
  }

  /** A claim the demo makes: told when it holds, a problem when not. */
  claim(holds: boolean, words: string): void {
    if (holds) this.detail(`ok: ${words}`);
    else this.fail(`does not hold: ${words}`);
  }

  /** Follows an operation to its end, telling each step as it changes. */
  async follow(client: ApiClient, id: string, meanwhile?: (operation: OperationView) => Promise<void>): Promise<OperationView> {
    const told = new Map<string, string>();
    for (;;) {
      const operation = await client.operation(id);
      for (const step of operation.steps) this.#tell(step, told);
      if (operation.endedAt !== undefined) {
        this.#operations.set(id, operation);
        this.detail(
          `-> ${operation.state}${operation.failure ? `: ${operation.failure.code}. ${operation.failure.guidance}` : ''}`,
        );
        return operation;
      }
      await meanwhile?.(operation);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  report(): DemoReport {
    const operations = [...this.#operations.values()];
    return {
      ok: this.#problems.length === 0,
      operations: operations.map(({ id, kind, state, replayOf, failure }) => ({
        id,
        kind,
        state,
        ...(replayOf && { replayOf }),
        ...(failure && { failure: failure.code }),
      })),
      steps: operations.flatMap(({ id, steps }) => steps.filter((step) => step.startedAt).map((step) => stepReport(id, step))),
      kills: this.kills,
      resources: this.resources,
      deployment: this.deployment,
      problems: this.#problems,
      seconds: Math.round(10 * this.#seconds()) / 10,
    };
  }

  /** Since the curtain went up. */
  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000;
  }

  #tell(step: StepView, told: Map<string, string>): void {
    if (step.state === 'pending' || step.state === 'skipped') return;
    const line = `${step.state}${step.kept ? ' (kept)' : ''}${step.attempt > 1 ? `, attempt ${step.attempt}` : ''}${step.undone ? ', undone' : ''}`;
    if (told.get(step.name) === line) return;
    told.set(step.name, line);
    const why = step.failure ? `: ${step.failure.message}` : step.detail ? `: ${step.detail}` : '';
    this.detail(`${step.name.padEnd(21)} ${line}${why}`);
  }
}

function stepReport(operation: string, step: StepView): DemoReport['steps'][number] {
  const ms = step.startedAt && step.endedAt ? Date.parse(step.endedAt) - Date.parse(step.startedAt) : 0;
  return {
    operation,
    name: step.name,
    state: step.state,
    ms,
    attempts: Math.max(1, step.attempt),
    ...(step.kept && { kept: true }),
    ...(step.undone && { undone: true }),
  };
}
