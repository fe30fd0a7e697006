import { once } from 'node:events';
import { Cleanup } from './cleanup.ts';
import type { Figure } from './figures.ts';
import { formatFigure } from './figures.ts';

/** A group takes one to three minutes; one that takes longer waits for something that will not come, milliseconds. */
const GROUP_LIMIT_MS = 15 * 60_000;

/** Where figures go: one line each on stdout as soon as it is measured; what explains them begins with `#`. */
export class Reporter {
  /** Whether everything that was asked for was measured. */
  complete = true;

  constructor(
    private readonly print: (line: string) => void,
    private readonly signal: AbortSignal,
  ) {}

  figure(figure: Figure): void {
    this.print(formatFigure(figure));
  }

  note(text: string): void {
    this.print(`# ${text}`);
  }

  /**
   * Measures figures that share their preparation, and stops what that has started. When it fails, takes too long or is interrupted,
   * they are named as not measured, and the others go on.
   */
  async group(names: readonly string[], measure: (cleanup: Cleanup) => Promise<void>): Promise<void> {
    const cleanup = new Cleanup();
    try {
      this.signal.throwIfAborted();
      await Promise.race([measure(cleanup), this.#cutShort()]);
    } catch (error) {
      this.#miss(names, error);
    }
    await cleanup.run().catch((error: unknown) => this.#miss(names, error));
  }

  async #cutShort(): Promise<never> {
    const limit = AbortSignal.timeout(GROUP_LIMIT_MS);
    const either = AbortSignal.any([this.signal, limit]);
    await once(either, 'abort');
    throw either.reason;
  }

  #miss(names: readonly string[], error: unknown): void {
    this.complete = false;
    this.note(`not measured or not whole: ${names.join(', ')}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
