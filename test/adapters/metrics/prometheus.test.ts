import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '../../../src/adapters/metrics/prometheus.ts';

const textOf = async (metrics: ReturnType<typeof createMetrics>) => (await metrics.exposition()).text;

describe('the metrics of a process', () => {
  it('tell what was called, how long it took and how it failed', async () => {
    const metrics = createMetrics();
    metrics.call('acme', 'listing', 120);
    metrics.call('acme', 'detail', 30, 'authentication');
    metrics.call('acme', 'detail', 30, 'rate_limit');
    metrics.cache('acme', 'search', true);
    metrics.cache('acme', 'template', false);
    const text = await textOf(metrics);
    for (const line of [
      'chandlery_registry_request_duration_seconds_bucket{le="0.1",registry="acme",work="listing"} 0',
      'chandlery_registry_request_duration_seconds_bucket{le="0.25",registry="acme",work="listing"} 1',
      'chandlery_registry_requests_total{registry="acme",outcome="success"} 1',
      'chandlery_registry_requests_total{registry="acme",outcome="failure"} 2',
      'chandlery_registry_errors_total{registry="acme",code="rate_limit"} 1',
      'chandlery_registry_cache_requests_total{registry="acme",tier="search",result="hit"} 1',
      'chandlery_registry_cache_requests_total{registry="acme",tier="template",result="miss"} 1',
      'chandlery_registry_auth_failures_total{registry="acme"} 1',
      'chandlery_registry_rate_limit_hits_total{registry="acme"} 1',
    ])
      expect(text).toContain(line);
  });

  it('tell how registries are now, and forget those that are gone', async () => {
    const metrics = createMetrics();
    const acme = { registry: 'acme', breaker: 'open' as const, templates: 7, certificateDays: -2, available: false };
    let all = [acme, { registry: 'beta', breaker: 'closed' as const, templates: 1, listingAgeSeconds: 3 }];
    metrics.watchRegistries(async () => all);
    metrics.call('acme', 'listing', 1, 'network');
    const text = await textOf(metrics);
    expect(text).toContain('chandlery_registry_circuit_state{registry="acme",state="open"} 1');
    expect(text).toContain('chandlery_registry_circuit_state{registry="acme",state="closed"} 0');
    expect(text).toContain('chandlery_registry_certificate_expiry_days{registry="acme"} -2');
    expect(text).toContain('chandlery_registry_available{registry="acme"} 0');
    expect(text).toContain('chandlery_registry_auth_failures_total{registry="beta"} 0');
    all = all.slice(1);
    const later = await textOf(metrics);
    expect(later).not.toContain('acme');
    expect(later).toContain('chandlery_registry_listing_age_seconds{registry="beta"} 3');
  });

  it('are told without the registries when those cannot be asked', async () => {
    const metrics = createMetrics();
    metrics.watchRegistries(() => Promise.reject(new Error('away')));
    metrics.operationStarted('install');
    expect(await textOf(metrics)).toContain('chandlery_operations_started_total{kind="install"} 1');
  });

  it('make no label of what a client sends, and time no streams', async () => {
    const metrics = createMetrics();
    metrics.request({ method: 'BREW', route: 'none', status: 404, ms: 1, isStream: false });
    metrics.request({ method: 'GET', route: '/api/v1/search', status: 200, ms: 60_000, isStream: true });
    const text = await textOf(metrics);
    expect(text).toContain('chandlery_http_requests_total{method="OTHER",route="none",status="4xx"} 1');
    expect(text).toContain('chandlery_http_requests_total{method="GET",route="/api/v1/search",status="2xx"} 1');
    expect(text).not.toContain('chandlery_http_request_duration_seconds_count{method="GET"');
  });

  it('belong to the process and have those of Node', async () => {
    const one = createMetrics();
    one.operationEnded('deploy', 'failed');
    expect(await textOf(createMetrics())).not.toContain('kind="deploy"');
    const { contentType, text } = await one.exposition();
    expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text).toContain('nodejs_eventloop_lag_seconds');
  });
});
