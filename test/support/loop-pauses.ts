import { existsSync, readFileSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';

/** How often the loop is looked at, ms; a pause is told to about as much. */
const EVERY_MS = 2;

interface Span {
  from: number;
  to: number;
}

/**
 * The longest time for which this process computed without giving the event loop a turn. On a machine with other work, the clock also
 * counts what others computed in between; the processor time of the thread does not. What counts is the smaller of both. The garbage
 * collector's time is taken off: it goes by the heap of all the tests that ran in this process before.
 */
export class LoopPauses {
  #pauses: Array<Span & { ms: number }> = [];
  #collected: Span[] = [];
  #at = 0;
  #used = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #collections = new PerformanceObserver((list) => this.#note(list.getEntries()));

  /** ms; after `stop` */
  get longest(): number {
    const own = ({ ms, ...pause }: Span & { ms: number }) =>
      ms - this.#collected.reduce((sum, span) => sum + overlapOf(pause, span), 0);
    return Math.max(0, ...this.#pauses.map(own));
  }

  /** The longest as a part of all that was computed, 0 to 1: says the same on a slow machine and on a busy one. After `stop`. */
  get share(): number {
    const all = this.#pauses.reduce((sum, { ms }) => sum + ms, 0);
    return all === 0 ? 0 : this.longest / all;
  }

  start(): void {
    this.stop();
    this.#pauses = [];
    this.#collected = [];
    this.#collections.observe({ entryTypes: ['gc'] });
    this.#mark();
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  stop(): void {
    if (this.#timer) this.#look();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#note(this.#collections.takeRecords());
    this.#collections.disconnect();
  }

  #note(entries: ReadonlyArray<{ startTime: number; duration: number }>): void {
    for (const { startTime, duration } of entries) this.#collected.push({ from: startTime, to: startTime + duration });
  }

  #look(): void {
    const [at, used] = [this.#at, this.#used];
    this.#mark();
    this.#pauses.push({ from: at, to: this.#at, ms: Math.min(this.#at - at, this.#used - used) });
  }

  #mark(): void {
    this.#at = performance.now();
    this.#used = loopUsedMs();
  }
}

function overlapOf(one: Span, other: Span): number {
  return Math.max(0, Math.min(one.to, other.to) - Math.max(one.from, other.from));
}

/** What Linux says of the thread that has the loop: nanoseconds on a processor, then two figures of no use here. */
const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`;
const hasSchedstat = existsSync(SCHEDSTAT);

/** Processor time of the loop's thread, ms; elsewhere than on Linux of the whole process, whose other threads work for it as well. */
function loopUsedMs(): number {
  return hasSchedstat ? Number.parseInt(readFileSync(SCHEDSTAT, 'utf8'), 10) / 1e6 : usedMs();
}

/** Processor time of this process so far, ms. */
export function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
