/** Lines that are redrawn in place on a terminal. */

export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

const ESC = '\u001b[';
const HIDE_CURSOR = `${ESC}?25l`;
const SHOW_CURSOR = `${ESC}?25h`;
/** A line wider than the screen must not wrap, or the count of lines to go back over would be wrong. */
const NO_WRAP = `${ESC}?7l`;
const WRAP = `${ESC}?7h`;
const ERASE_LINE = `${ESC}2K`;
const ERASE_BELOW = `${ESC}0J`;
/** Columns where the terminal does not tell. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

export class Screen {
  #drawn = 0;

  constructor(private readonly terminal: Terminal) {}

  get columns(): number {
    return this.terminal.columns || DEFAULT_COLUMNS;
  }

  /** Draws over the lines of the last time. What does not fit on the screen is cut at the top: the cursor cannot go back there. */
  draw(lines: readonly string[]): void {
    const shown = lines.slice(-Math.max(1, (this.terminal.rows || DEFAULT_ROWS) - 1));
    // To the first column too: the terminal may have put `^C` there.
    const back = this.#drawn === 0 ? '\r' : `\r${ESC}${this.#drawn}A`;
    const text = shown.map((line) => `\r${ERASE_LINE}${line}\n`).join('');
    this.terminal.write(`${HIDE_CURSOR}${NO_WRAP}${back}${text}${ERASE_BELOW}${WRAP}`);
    this.#drawn = shown.length;
  }

  /** Leaves what is drawn, and gives the cursor back. `lines` replace the drawing, uncut. */
  finish(lines: readonly string[]): void {
    this.draw([]);
    this.terminal.write(`${lines.map((line) => `${line}\n`).join('')}${SHOW_CURSOR}`);
  }
}
