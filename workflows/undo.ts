import { CancellationScope, log } from '@temporalio/workflow';
import type { FailureView } from '../src/domain/operation.ts';

/** What takes one step back. */
export interface Undo {
  step: string;
  /** `because`: why the operation ends; absent when it was cancelled. */
  run: (because?: FailureView) => Promise<void>;
}

/** The steps that may have to be taken back, newest last. */
export class UndoStack {
  readonly #undos: Undo[] = [];

  /**
   * Registered right BEFORE its step runs: a worker may die after the effect and before the answer, and then only the effect's
   * record knows. An undo whose effect never happened finds no record and does nothing.
   */
  push(undo: Undo): void {
    this.#undos.push(undo);
  }

  clear(): void {
    this.#undos.length = 0;
  }

  /** Runs all undos in reverse. Not cancellable: a cancelled operation must still be taken back whole. */
  async unwind(because: FailureView | undefined, onFailure: (step: string, error: unknown) => void): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (const undo of this.#undos.splice(0).reverse()) {
        try {
          await undo.run(because);
        } catch (error) {
          log.error('undo failed', { step: undo.step });
          onFailure(undo.step, error);
        }
      }
    });
  }
}
