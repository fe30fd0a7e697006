/** What has to be stopped however a measurement ends, the newest first. */
export class Cleanup {
  readonly #undo: Array<() => unknown> = [];

  add(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  /** Runs all of it, also when some of it fails; then fails with the first failure. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
