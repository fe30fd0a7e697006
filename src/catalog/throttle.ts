import { setTimeout as sleep } from 'node:timers/promises';
import { ChandleryError } from '../domain/errors.ts';
import type { CatalogLimits } from './limits.ts';

/** So many calls at once, so many more waiting; the next is refused instead of piling up. */
export class Bulkhead {
  #running = 0;
  readonly #waiting: Array<() => void> = [];

  constructor(
    readonly registry: string,
    readonly limits: Pick<CatalogLimits, 'concurrent' | 'queued'>,
  ) {}

  /** Whether half of the places are free. */
  get hasRoom(): boolean {
    return this.#running * 2 < this.limits.concurrent;
  }

  /** Fails with rate_limit when the queue is full, and with the signal's reason while waiting. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#running >= this.limits.concurrent) await this.#turn(signal);
    else this.#running += 1;
    try {
      return await work();
    } finally {
      // The place is handed on, so that nobody can slip in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    const { registry } = this;
    if (this.#waiting.length >= this.limits.queued)
      throw new ChandleryError('rate_limit', `Registry ${registry}: too many calls are under way`, { registry });
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener('abort', gone);
        resolve();
      };
      const gone = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal.reason);
      };
      this.#waiting.push(turn);
      signal.addEventListener('abort', gone, { once: true });
    });
  }
}

/** A steady rate with a burst after a quiet time. */
export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  constructor(
    readonly limits: Pick<CatalogLimits, 'ratePerSecond' | 'burst'>,
    readonly now: () => number,
  ) {
    this.#tokens = limits.burst;
    this.#filledAt = now();
  }

  /** Whether half of a burst is left. */
  get hasRoom(): boolean {
    return this.#filled() * 2 > this.limits.burst;
  }

  #filled(): number {
    const { ratePerSecond, burst } = this.limits;
    return Math.min(burst, this.#tokens + ((this.now() - this.#filledAt) / 1_000) * ratePerSecond);
  }

  /** Waits for its turn; fails with the signal's reason. */
  async take(signal: AbortSignal): Promise<void> {
    // Taken before the wait, so that those who come later wait longer.
    this.#tokens = this.#filled() - 1;
    this.#filledAt = this.now();
    if (this.#tokens < 0) await sleep((-this.#tokens / this.limits.ratePerSecond) * 1_000, undefined, { signal });
  }
}
