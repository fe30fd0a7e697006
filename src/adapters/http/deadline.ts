/** One abort signal for two ends: the caller's own, and the time limit of the whole exchange. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #caller: AbortSignal | undefined;
  #expired = false;

  constructor(
    readonly totalMs: number,
    caller: AbortSignal | undefined,
  ) {
    this.#caller = caller;
    this.#timer = setTimeout(() => {
      this.#expired = true;
      this.#controller.abort();
    }, totalMs).unref();
    caller?.addEventListener('abort', this.#onCallerAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Must be called when the exchange has ended; otherwise a long-lived caller signal would collect listeners. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#onCallerAbort);
  }

  /** The caller's own reason after its abort; otherwise what `map` makes of the error, or of the time limit. */
  explain(error: unknown, map: (cause: unknown) => unknown): unknown {
    if (this.#caller?.aborted) return this.#caller.reason;
    return map(this.#expired ? new Error(`not finished within ${this.totalMs} ms`) : error);
  }

  readonly #onCallerAbort = (): void => this.#controller.abort();
}
