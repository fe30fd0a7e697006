import type { RegistryFigures } from '../domain/catalog-views.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { CacheTier, RegistryWork } from '../domain/metrics.ts';

interface Sample {
  at: number;
  ms: number;
  code?: ErrorCode;
}

/** Told of the same, for the metrics of the process. */
export interface MeterListener {
  call(work: RegistryWork, ms: number, code?: ErrorCode): void;
  cache(tier: CacheTier, isHit: boolean): void;
}

/** Counts what happens with one registry; figures are made from the last calls, totals from all since the start. */
export class RegistryMeter {
  readonly #samples: Sample[] = [];
  readonly #totals = { calls: 0, failures: 0, authFailures: 0, rateLimitHits: 0, cacheHits: 0, cacheMisses: 0 };
  #lastSuccessAt: number | undefined;

  constructor(
    readonly maxSamples: number,
    readonly now: () => number,
    readonly listener?: MeterListener,
  ) {}

  /** `code` is absent for a success. Answers such as template_not_found are successes of the registry. */
  record(ms: number, code?: ErrorCode, work: RegistryWork = 'detail'): void {
    this.listener?.call(work, ms, code);
    this.#samples.push({ at: this.now(), ms, ...(code && { code }) });
    if (this.#samples.length > this.maxSamples) this.#samples.shift();
    this.#totals.calls += 1;
    if (code === undefined) this.#lastSuccessAt = this.now();
    else this.#totals.failures += 1;
    if (code === 'authentication' || code === 'authorization') this.#totals.authFailures += 1;
    if (code === 'rate_limit') this.#totals.rateLimitHits += 1;
  }

  cache(isHit: boolean, tier: CacheTier): void {
    this.listener?.cache(tier, isHit);
    if (isHit) this.#totals.cacheHits += 1;
    else this.#totals.cacheMisses += 1;
  }

  figures(): RegistryFigures {
    const { cacheHits, cacheMisses } = this.#totals;
    const good = this.#samples.filter(({ code }) => code === undefined);
    const times = good.map(({ ms }) => ms).sort((a, b) => a - b);
    const errors: Record<string, number> = {};
    for (const { code } of this.#samples) if (code) errors[code] = (errors[code] ?? 0) + 1;
    const first = this.#samples[0];
    const minutes = first ? Math.max(1, (this.now() - first.at) / 60_000) : 1;
    return {
      ...this.#totals,
      ...(this.#samples.length > 0 && { successRate: good.length / this.#samples.length }),
      ...(times.length > 0 && {
        responseMs: {
          average: Math.round(times.reduce((sum, ms) => sum + ms, 0) / times.length),
          p50: percentile(times, 0.5),
          p95: percentile(times, 0.95),
          p99: percentile(times, 0.99),
        },
      }),
      ...(cacheHits + cacheMisses > 0 && { cacheHitRate: cacheHits / (cacheHits + cacheMisses) }),
      callsPerMinute: Math.round((this.#samples.length / minutes) * 10) / 10,
      errors,
      ...(this.#lastSuccessAt !== undefined && { lastSuccessAt: new Date(this.#lastSuccessAt).toISOString() }),
    };
  }
}

function percentile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
