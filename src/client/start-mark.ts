import { AsyncLocalStorage } from 'node:async_hooks';
import type { Target } from '../domain/operation.ts';

/** Marks the operation that a request with an `Idempotency-Key` starts, so that the same request finds it again, also when it has ended. */
export interface StartMark {
  /** Kept in the run's memo. */
  id: string;
  /** Writes the target down before the operation is started. */
  aim(target: Target): Promise<void>;
}

/** Beside the call instead of in it: whatever a request starts carries its mark, however many functions are in between. */
const marks = new AsyncLocalStorage<StartMark>();

/** Runs the body; the operation it starts is marked. */
export function withStartMark<Value>(mark: StartMark, body: () => Value): Value {
  return marks.run(mark, body);
}

export function startMark(): StartMark | undefined {
  return marks.getStore();
}
