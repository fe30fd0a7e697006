import type { OperationView, StepView } from '../../../src/domain/operation.ts';
import { STEPS } from '../../../src/domain/operation.ts';

export const ID = 'install.local.team-a.shop.00000000-0000-4000-8000-000000000001';
const STARTED = '2026-01-01T00:00:00.000Z';
/** A moment so many milliseconds after the operation began. */
export const at = (ms: number): string => new Date(Date.parse(STARTED) + ms).toISOString();
export const PATH = `/api/v1/operations/${ID}`;

export function step(name: string, more: Partial<StepView> = {}): StepView {
  return { name, state: 'pending', attempt: 0, maxAttempts: 6, attempts: [], ...more };
}

/** An install of shop; `steps` replace those of the same name. */
export function operation(more: Partial<OperationView> = {}, steps: StepView[] = []): OperationView {
  return {
    id: ID,
    kind: 'install',
    target: 'install/local/team-a/shop',
    requester: 'tester',
    state: 'running',
    percent: 0,
    steps: STEPS.install.map((name) => steps.find((one) => one.name === name) ?? step(name)),
    input: {},
    warnings: [],
    createdAt: STARTED,
    links: { self: PATH, events: `${PATH}/events`, history: `${PATH}/history` },
    ...more,
  };
}

export const done = (name: string, detail: string): StepView =>
  step(name, { state: 'succeeded', attempt: 1, startedAt: at(0), endedAt: at(100), detail });
export const succeeded = (): OperationView =>
  operation({ state: 'succeeded', endedAt: at(500), percent: 100 }, [done('pre-validate', 'fine')]);
