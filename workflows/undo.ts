import { CancellationScope, log } from '@temporalio/workflow';

/** What takes one step back. */
export interface Undo {
  step: string;
  run: () => Promise<void>;
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

  /** Runs all undos in reverse. Not cancellable: a cancelled operation must still be taken back whole. */
  async unwind(onFailure: (step: string, error: unknown) => void): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (const undo of this.#undos.splice(0).reverse()) {
        try {
          await undo.run();
        } catch (error) {
          log.error('undo failed', { step: undo.step });
          onFailure(undo.step, error);
        }
      }
    });
  }
}
