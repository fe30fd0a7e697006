import {
  type BulkheadPolicy,
  bulkhead,
  ExponentialBackoff,
  halfJitterGenerator,
  handleWhen,
  isBulkheadRejectedError,
  type RetryPolicy,
  retry,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import { ChandleryError, type ErrorCode } from '../domain/errors.ts';
import type { RegistryWork } from '../domain/metrics.ts';
import { Breaker, isAnswer } from './breaker.ts';
import type { CatalogLimits } from './limits.ts';
import type { RegistryMeter } from './meter.ts';
import { TokenBucket } from './throttle.ts';

/** What a second call within the same second may mend. */
const WORTH_A_RETRY: ReadonlySet<ErrorCode> = new Set(['registry_unavailable', 'network']);

/**
 * Stands between the catalog and one registry. From outside in: a time limit, so many at once and the rest in a queue, the read path's
 * only retries, a token bucket, a circuit breaker. Steps of operations do not pass here: Temporal retries them.
 */
export class RegistryGuard {
  readonly breaker: Breaker;
  readonly #places: BulkheadPolicy;
  readonly #retries: RetryPolicy;
  readonly #bucket: TokenBucket;

  constructor(
    readonly registry: string,
    readonly limits: CatalogLimits,
    readonly meter: RegistryMeter,
    readonly now: () => number,
  ) {
    this.breaker = new Breaker(registry, limits, now);
    this.#places = bulkhead(limits.concurrent, limits.queued);
    const backoff = new ExponentialBackoff({
      generator: halfJitterGenerator,
      initialDelay: limits.retryMs,
      maxDelay: limits.openMs,
    });
    const again = handleWhen((error) => this.#isWorthARetry(error));
    this.#retries = retry(again, { maxAttempts: limits.attempts - 1, backoff });
    this.#bucket = new TokenBucket(limits, now);
  }

  /** Whether there is room for what nobody waits for yet. */
  get hasRoom(): boolean {
    return this.breaker.state === 'closed' && this.#places.executionSlots * 2 > this.limits.concurrent && this.#bucket.hasRoom;
  }

  /** Fails as the work does, with registry_unavailable when it takes longer than `ms`, and at once while the breaker is open. */
  async run<T>(ms: number, work: (signal: AbortSignal) => Promise<T>, kind: RegistryWork = 'detail'): Promise<T> {
    this.breaker.check();
    // Cooperative: a listing that is being written must have ended before the next one begins.
    const limit = timeout(ms, { strategy: TimeoutStrategy.Cooperative, abortOnReturn: false }).dangerouslyUnref();
    return await limit.execute(async ({ signal }) => {
      try {
        return await this.#inTurn(signal, () => this.#retries.execute(() => this.#once(work, signal, ms, kind), signal));
      } catch (error) {
        throw this.#explain(error, signal, ms);
      }
    });
  }

  /** The policy hears of an abort only when a place is free; whoever waits must not wait for that. */
  #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const gone = () => reject(signal.reason);
      signal.addEventListener('abort', gone, { once: true });
      const begin = () => {
        signal.removeEventListener('abort', gone);
        return work();
      };
      this.#places.execute(begin, signal).then(resolve, reject);
    });
  }

  async #once<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal, ms: number, kind: RegistryWork): Promise<T> {
    await this.#bucket.take(signal);
    return await this.breaker.run(async () => {
      const startedAt = performance.now();
      try {
        const value = await work(signal);
        this.meter.record(performance.now() - startedAt, undefined, kind);
        return value;
      } catch (error) {
        const failure = this.#explain(error, signal, ms);
        const code = isAnswer(failure) ? undefined : failure.code;
        if (code !== 'store_unavailable') this.meter.record(performance.now() - startedAt, code, kind);
        throw failure;
      }
    });
  }

  /** A registry that asks for a longer wait is left alone by the breaker instead of holding up somebody who waits. */
  #isWorthARetry(error: Error): boolean {
    if (!(error instanceof ChandleryError) || !WORTH_A_RETRY.has(error.code) || this.breaker.isOpen) return false;
    return (error.details.retryAfterMs ?? 0) <= this.limits.retryMs / 2;
  }

  #explain(error: unknown, signal: AbortSignal, ms: number): ChandleryError {
    if (error instanceof ChandleryError) return error;
    const { registry } = this;
    if (signal.aborted)
      return new ChandleryError('registry_unavailable', `Registry ${registry}: no answer within ${ms / 1_000} s`, { registry });
    if (error instanceof Error && isBulkheadRejectedError(error))
      return new ChandleryError('rate_limit', `Registry ${registry}: too many calls are under way`, { registry });
    return new ChandleryError('internal', `Registry ${registry}: an unexpected error`, { registry }, { cause: error });
  }
}
