import { Counter, Gauge, Histogram, type Metric, type Registry } from 'prom-client';
import type { ErrorCode } from '../../domain/errors.ts';
import type { CacheTier, RegistryGauges, RegistryObserver, RegistryWork } from '../../domain/metrics.ts';

/** Seconds; a cached answer of a near registry to a long listing of a far one. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300];
const STATES = ['closed', 'open', 'half-open'] as const;

/** What is measured of registries. Their names are the only labels that grow, with the list of registries. */
export class RegistryMetrics implements RegistryObserver {
  readonly #duration;
  readonly #requests;
  readonly #errors;
  readonly #cache;
  readonly #authFailures;
  readonly #rateLimits;
  readonly #gauges;
  readonly #circuit;
  /** Those of which something was counted. */
  readonly #known = new Set<string>();

  constructor(readonly register: Registry) {
    const registers = [register];
    const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
      new Counter<Label | 'registry'>({ name, help, labelNames: ['registry', ...labelNames], registers });
    const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ['registry'], registers });
    this.#duration = new Histogram({
      name: 'chandlery_registry_request_duration_seconds',
      help: 'Time a call of the catalog to a registry took, failed ones included.',
      labelNames: ['registry', 'work'],
      buckets: BUCKETS,
      registers,
    });
    this.#requests = counter('chandlery_registry_requests_total', 'Calls of the catalog to a registry.', 'outcome');
    this.#errors = counter('chandlery_registry_errors_total', 'Failed calls by code of the error catalogue.', 'code');
    this.#cache = counter('chandlery_registry_cache_requests_total', 'Looks into what is held of a registry.', 'tier', 'result');
    this.#authFailures = counter('chandlery_registry_auth_failures_total', 'Calls that failed because of the credential.');
    this.#rateLimits = counter(
      'chandlery_registry_rate_limit_hits_total',
      'Calls that the registry refused because of its rate limit.',
    );
    this.#circuit = new Gauge({
      name: 'chandlery_registry_circuit_state',
      help: '1 for the state the circuit breaker is in, 0 for the others.',
      labelNames: ['registry', 'state'],
      registers,
    });
    this.#gauges = {
      templates: gauge('chandlery_registry_templates', 'Templates in the listing that is held.'),
      age: gauge('chandlery_registry_listing_age_seconds', 'Time since the registry last confirmed its listing.'),
      certificate: gauge(
        'chandlery_registry_certificate_expiry_days',
        'Days until the certificate that ends first ends; negative when it has.',
      ),
      available: gauge('chandlery_registry_available', '1 where the last periodic check succeeded, else 0.'),
      latency: gauge('chandlery_registry_check_latency_seconds', 'Time the last periodic check took.'),
      throughput: gauge(
        'chandlery_registry_check_bytes_per_second',
        'Rate at which the last periodic check that read something read it.',
      ),
    };
  }

  call(registry: string, work: RegistryWork, ms: number, code?: ErrorCode): void {
    this.#known.add(registry);
    this.#duration.observe({ registry, work }, ms / 1_000);
    this.#requests.inc({ registry, outcome: code === undefined ? 'success' : 'failure' });
    if (code !== undefined) this.#errors.inc({ registry, code });
    if (code === 'authentication' || code === 'authorization') this.#authFailures.inc({ registry });
    if (code === 'rate_limit') this.#rateLimits.inc({ registry });
  }

  cache(registry: string, tier: CacheTier, isHit: boolean): void {
    this.#known.add(registry);
    this.#cache.inc({ registry, tier, result: isHit ? 'hit' : 'miss' });
  }

  /** Makes the gauges say this, and nothing of other registries. */
  async show(registries: readonly RegistryGauges[]): Promise<void> {
    for (const gauge of [this.#circuit, ...Object.values(this.#gauges)]) gauge.reset();
    for (const one of registries) this.#showOne(one);
    const there = new Set(registries.map(({ registry }) => registry));
    for (const name of this.#known) if (!there.has(name)) await this.#forget(name);
  }

  #showOne({ registry, breaker, templates, ...rest }: RegistryGauges): void {
    const { listingAgeSeconds, certificateDays, available, checkLatencyMs, checkBytesPerSecond } = rest;
    // Both are told from the start: a rate over a counter that is not there yet is none.
    this.#authFailures.inc({ registry }, 0);
    this.#rateLimits.inc({ registry }, 0);
    for (const state of STATES) this.#circuit.set({ registry, state }, state === breaker ? 1 : 0);
    this.#gauges.templates.set({ registry }, templates);
    if (listingAgeSeconds !== undefined) this.#gauges.age.set({ registry }, listingAgeSeconds);
    if (certificateDays !== undefined) this.#gauges.certificate.set({ registry }, certificateDays);
    if (available !== undefined) this.#gauges.available.set({ registry }, available ? 1 : 0);
    if (checkLatencyMs !== undefined) this.#gauges.latency.set({ registry }, checkLatencyMs / 1_000);
    if (checkBytesPerSecond !== undefined) this.#gauges.throughput.set({ registry }, checkBytesPerSecond);
  }

  /** Registries come and go over the API; what is counted of one that is gone must not stay for ever. */
  async #forget(registry: string): Promise<void> {
    const counted: Metric[] = [
      ...[this.#duration, this.#requests, this.#errors],
      ...[this.#cache, this.#authFailures, this.#rateLimits],
    ];
    for (const metric of counted) {
      const { values } = await metric.get();
      for (const { labels } of values) {
        if (labels.registry !== registry) continue;
        const { le: _le, ...own } = labels as Record<string, string | number>;
        (metric as Metric & { remove(labels: object): void }).remove(own);
      }
    }
    this.#known.delete(registry);
  }
}
