import { ChandleryError, type ErrorCode } from '../domain/errors.ts';
import type { CatalogLimits } from './limits.ts';

/** One such answer is enough: asking again would only make it worse, or lock an account. */
const AT_ONCE: ReadonlySet<ErrorCode> = new Set(['authentication', 'authorization', 'rate_limit', 'outbound_denied']);

/** A circuit breaker: after failures in a row a registry is left alone for a while; then one call may try whether it is back. */
export class Breaker {
  #failures = 0;
  #openings = 0;
  #openUntil = 0;
  #probing = false;
  #last: ChandleryError | undefined;

  constructor(
    readonly registry: string,
    readonly limits: Pick<CatalogLimits, 'failuresToOpen' | 'openMs' | 'maxOpenMs'>,
    readonly now: () => number,
  ) {}

  get isOpen(): boolean {
    return this.#openUntil > this.now();
  }

  get state(): 'closed' | 'open' | 'half-open' {
    if (this.#openUntil === 0) return 'closed';
    return this.isOpen ? 'open' : 'half-open';
  }

  /**
   * Fails with the last failure while the breaker is open, or while another call tries whether the registry is back.
   * What it answers is to be called when the call has ended in any way.
   */
  enter(): () => void {
    if (this.#openUntil === 0) return () => undefined;
    if (this.isOpen || this.#probing) throw this.#refusal();
    this.#probing = true;
    return () => {
      this.#probing = false;
    };
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openings = 0;
    this.#openUntil = 0;
    this.#last = undefined;
  }

  failed(error: ChandleryError): void {
    this.#failures += 1;
    this.#last = error;
    const { failuresToOpen, openMs, maxOpenMs } = this.limits;
    if (this.#failures < failuresToOpen && !AT_ONCE.has(error.code) && this.#openings === 0) return;
    const pause = Math.min(openMs * 2 ** this.#openings, maxOpenMs);
    this.#openings += 1;
    this.#openUntil = this.now() + Math.max(pause, error.details.retryAfterMs ?? 0);
  }

  #refusal(): ChandleryError {
    const { code, message, details } = this.#last ?? { code: 'registry_unavailable' as const, message: '', details: {} };
    const retryAfterMs = Math.max(0, this.#openUntil - this.now());
    return new ChandleryError(code, `${message} (not asked again for ${Math.ceil(retryAfterMs / 1_000)} s)`, {
      ...details,
      registry: this.registry,
      retryAfterMs,
    });
  }
}
