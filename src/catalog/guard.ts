import { setTimeout as sleep } from 'node:timers/promises';
import { ChandleryError, type ErrorCode } from '../domain/errors.ts';
import { Breaker } from './breaker.ts';
import type { CatalogLimits } from './limits.ts';
import type { RegistryMeter } from './meter.ts';
import { Bulkhead, TokenBucket } from './throttle.ts';

/** What says nothing about the health of the registry that was asked. */
const NOT_ITS_FAULT: ReadonlySet<ErrorCode> = new Set([
  'template_not_found',
  'version_not_found',
  'invalid_request',
  'invalid_reference',
  'store_unavailable',
  'cancelled',
]);
/** What a second call within the same second may mend. */
const WORTH_A_RETRY: ReadonlySet<ErrorCode> = new Set(['registry_unavailable', 'network']);

/**
 * Stands between the catalog and one registry: a circuit breaker, a bulkhead, a token bucket, a time limit, and the read path's only
 * retries. Steps of operations do not pass here: Temporal retries them.
 */
export class RegistryGuard {
  readonly breaker: Breaker;
  readonly #bulkhead: Bulkhead;
  readonly #bucket: TokenBucket;

  constructor(
    readonly registry: string,
    readonly limits: CatalogLimits,
    readonly meter: RegistryMeter,
    readonly now: () => number,
  ) {
    this.breaker = new Breaker(registry, limits, now);
    this.#bulkhead = new Bulkhead(registry, limits);
    this.#bucket = new TokenBucket(limits, now);
  }

  /** Whether there is room for what nobody waits for yet. */
  get hasRoom(): boolean {
    return this.breaker.state === 'closed' && this.#bulkhead.hasRoom && this.#bucket.hasRoom;
  }

  /** Fails as the work does, with registry_unavailable when it takes longer than `ms`, and at once while the breaker is open. */
  async run<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const leave = this.breaker.enter();
    const signal = AbortSignal.timeout(ms);
    try {
      return await this.#bulkhead.run(() => this.#attempts(work, signal, ms), signal);
    } catch (error) {
      throw this.#explain(error, signal, ms);
    } finally {
      leave();
    }
  }

  async #attempts<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal, ms: number): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      await this.#bucket.take(signal);
      try {
        return await this.#once(work, signal, ms);
      } catch (error) {
        const again = error instanceof ChandleryError && WORTH_A_RETRY.has(error.code) && !this.breaker.isOpen;
        if (!again || attempt >= this.limits.attempts || signal.aborted) throw error;
        const pause = error.details.retryAfterMs ?? this.limits.retryMs * (0.5 + Math.random() / 2);
        // A registry that asks for a longer wait is left alone by the breaker instead of holding up somebody who waits.
        if (pause > this.limits.retryMs) throw error;
        await sleep(pause, undefined, { signal });
      }
    }
  }

  async #once<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal, ms: number): Promise<T> {
    const startedAt = performance.now();
    try {
      const value = await work(signal);
      this.#settle(performance.now() - startedAt);
      return value;
    } catch (error) {
      const failure = this.#explain(error, signal, ms);
      if (!NOT_ITS_FAULT.has(failure.code)) this.#settle(performance.now() - startedAt, failure);
      else if (failure.code !== 'store_unavailable') this.#settle(performance.now() - startedAt);
      throw failure;
    }
  }

  #settle(ms: number, failure?: ChandleryError): void {
    this.meter.record(ms, failure?.code);
    if (failure) this.breaker.failed(failure);
    else this.breaker.succeeded();
  }

  #explain(error: unknown, signal: AbortSignal, ms: number): ChandleryError {
    if (error instanceof ChandleryError) return error;
    const { registry } = this;
    if (signal.aborted)
      return new ChandleryError('registry_unavailable', `Registry ${registry}: no answer within ${ms / 1_000} s`, { registry });
    return new ChandleryError('internal', `Registry ${registry}: an unexpected error`, { registry }, { cause: error });
  }
}
