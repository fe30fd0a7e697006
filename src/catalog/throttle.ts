import { setTimeout as sleep } from 'node:timers/promises';
import type { CatalogLimits } from './limits.ts';

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
