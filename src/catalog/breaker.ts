import {
  type CircuitBreakerPolicy,
  CircuitState,
  circuitBreaker,
  type FailureReason,
  handleWhen,
  type IBackoff,
  type IBreaker,
  type IHalfOpenAfterBackoffContext,
} from 'cockatiel';
import { ChandleryError, type ErrorCode } from '../domain/errors.ts';
import type { CatalogLimits } from './limits.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** One such answer is enough: asking again would only make it worse, or lock an account. */
const AT_ONCE: ReadonlySet<ErrorCode> = new Set(['authentication', 'authorization', 'rate_limit', 'outbound_denied']);
/** What says nothing about the health of the registry that was asked; but it did answer, which a failure in a row is broken by. */
const ANSWERS: ReadonlySet<ErrorCode> = new Set([
  'template_not_found',
  'version_not_found',
  'invalid_request',
  'invalid_reference',
  'cancelled',
]);

/** Whether the registry did its part, although the call failed. */
export function isAnswer(error: unknown): boolean {
  return error instanceof ChandleryError && ANSWERS.has(error.code);
}

/** Opens after so many failures in a row, or after one of those that are enough. */
class InARow implements IBreaker {
  state: unknown;
  #failures = 0;

  constructor(
    readonly limit: number,
    readonly last: () => ChandleryError | undefined,
  ) {}

  success(): void {
    this.#failures = 0;
  }

  failure(): boolean {
    this.#failures += 1;
    return this.#failures >= this.limit || AT_ONCE.has(this.last()?.code ?? 'internal');
  }
}

/** A circuit breaker: after failures in a row a registry is left alone for a while; then one call may try whether it is back. */
export class Breaker {
  #policy: CircuitBreakerPolicy;
  #openUntil = 0;

  constructor(
    readonly registry: string,
    readonly limits: Pick<CatalogLimits, 'failuresToOpen' | 'openMs' | 'maxOpenMs'>,
    readonly now: () => number,
  ) {
    this.#policy = this.#closed();
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get state(): BreakerState {
    if (this.#policy.state === CircuitState.Closed) return 'closed';
    return this.#policy.state === CircuitState.Open && this.#openUntil > this.now() ? 'open' : 'half-open';
  }

  /** Fails with the last failure while the breaker is open, or while another call tries whether the registry is back. */
  check(): void {
    // The policy would let the others wait for the one that tries, and forget their signals meanwhile.
    if (this.isOpen || this.#policy.state === CircuitState.HalfOpen) throw this.#refusal();
  }

  /** Fails as `check` does, else as the work does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    const outcome = await this.#policy.execute(async () => {
      try {
        return { value: await work() };
      } catch (error) {
        if (isAnswer(error)) return { error };
        throw error;
      }
    });
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** As if nothing had ever failed. */
  reset(): void {
    this.#policy = this.#closed();
  }

  #closed(): CircuitBreakerPolicy {
    const last = () => chandleryError(this.#policy.lastFailure);
    // Our own store says nothing about a registry.
    const counts = handleWhen((error) => !(error instanceof ChandleryError && error.code === 'store_unavailable'));
    const breaker = new InARow(this.limits.failuresToOpen, last);
    return circuitBreaker(counts, { breaker, halfOpenAfter: { next: (context) => this.#pause(context) } });
  }

  /** Doubles with each try that fails; what the registry itself asks for counts where it is longer. */
  #pause({ attempt, result }: IHalfOpenAfterBackoffContext): IBackoff<IHalfOpenAfterBackoffContext> {
    const { openMs, maxOpenMs } = this.limits;
    const pause = Math.min(openMs * 2 ** (attempt - 1), maxOpenMs);
    const until = this.now() + Math.max(pause, chandleryError(result)?.details.retryAfterMs ?? 0);
    this.#openUntil = until;
    const { now } = this;
    return {
      // Asked at each call: the policy only knows the clock of the machine.
      get duration() {
        return until > now() ? Number.POSITIVE_INFINITY : 0;
      },
      next: (context) => this.#pause(context),
    };
  }

  #refusal(): ChandleryError {
    const last = chandleryError(this.#policy.lastFailure);
    const { code, message, details } = last ?? { code: 'registry_unavailable' as const, message: '', details: {} };
    const retryAfterMs = Math.max(0, this.#openUntil - this.now());
    return new ChandleryError(code, `${message} (not asked again for ${Math.ceil(retryAfterMs / 1_000)} s)`, {
      ...details,
      registry: this.registry,
      retryAfterMs,
    });
  }
}

function chandleryError(reason: FailureReason<unknown> | undefined): ChandleryError | undefined {
  return reason && 'error' in reason && reason.error instanceof ChandleryError ? reason.error : undefined;
}
