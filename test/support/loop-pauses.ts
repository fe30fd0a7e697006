/** How often the loop is looked at, ms; a pause is told to about as much. */
const EVERY_MS = 2;

/**
 * The longest time for which this process computed without giving the event loop a turn. On a machine with other work, the clock also
 * counts what others computed in between; the processor time of this process does not. What counts is the smaller of both.
 */
export class LoopPauses {
  #longest = 0;
  #at = 0;
  #used = 0;
  #timer: NodeJS.Timeout | undefined;

  /** ms */
  get longest(): number {
    return this.#longest;
  }

  start(): void {
    this.stop();
    this.#longest = 0;
    this.#mark();
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  stop(): void {
    if (this.#timer) this.#look();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const [at, used] = [this.#at, this.#used];
    this.#mark();
    this.#longest = Math.max(this.#longest, Math.min(this.#at - at, this.#used - used));
  }

  #mark(): void {
    this.#at = performance.now();
    this.#used = usedMs();
  }
}

/** Processor time of this process so far, ms. */
export function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
