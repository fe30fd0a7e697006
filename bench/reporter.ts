import type { Figure } from './figures.ts';
import { formatFigure } from './figures.ts';

/** Where figures go: one line each on stdout as soon as it is measured; what explains them begins with `#`. */
export class Reporter {
  /** Whether everything that was asked for was measured. */
  complete = true;

  constructor(private readonly print: (line: string) => void) {}

  figure(figure: Figure): void {
    this.print(formatFigure(figure));
  }

  note(text: string): void {
    this.print(`# ${text}`);
  }

  /** Measures figures that share their preparation; when it fails they are named as not measured, and the others go on. */
  async group(names: readonly string[], measure: () => Promise<void>): Promise<void> {
    try {
      await measure();
    } catch (error) {
      this.complete = false;
      this.note(`not measured: ${names.join(', ')}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
