import type { CatalogLimits } from './limits.ts';

/**
 * How long one search goes on waiting for the last few registries. Nobody knows beforehand that one of twenty takes long; that all the
 * others have answered long ago says it. What the last few answer later is there the next time.
 */
export class Stragglers {
  readonly #startedAt = performance.now();
  readonly #few: number;
  #asked: number;
  #answered = 0;
  #slowestMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #giveUp: () => void = () => undefined;
  /** Resolves when those that are left are not worth waiting for any more; perhaps never. */
  readonly longEnough = new Promise<void>((resolve) => {
    this.#giveUp = resolve;
  });

  constructor(
    asked: number,
    readonly limits: CatalogLimits,
  ) {
    this.#asked = asked;
    this.#few = Math.max(1, Math.floor(asked * limits.stragglerShare));
  }

  /** One more is done with; `isAnswer`: because it has answered, so that what it took says something about the others. */
  ended(isAnswer: boolean): void {
    const elapsedMs = performance.now() - this.#startedAt;
    const { stragglerFactor, stragglerMs, stragglersAfter } = this.limits;
    this.#asked -= 1;
    if (isAnswer) {
      this.#answered += 1;
      this.#slowestMs = elapsedMs;
    }
    clearTimeout(this.#timer);
    if (this.#asked === 0 || this.#asked > this.#few || this.#answered < stragglersAfter) return;
    const untilMs = this.#slowestMs * stragglerFactor + stragglerMs;
    this.#timer = setTimeout(this.#giveUp, Math.max(0, untilMs - elapsedMs));
  }
}
