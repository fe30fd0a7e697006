import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { Metrics, RegistryGauges } from '../../domain/metrics.ts';
import { RegistryMetrics } from './registries.ts';

/** Seconds; from an answer out of memory to one that waits for a cluster. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Anything else is told as OTHER: whoever sends requests must not make labels. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** The metrics of this process on prom-client, with those of Node, in a registry of its own. */
export function createMetrics(): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const registries = new RegistryMetrics(register);
  const requests = new Counter({
    name: 'chandlery_http_requests_total',
    help: 'Requests that were answered, by route and class of status.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'chandlery_http_request_duration_seconds',
    help: 'Time until a request was answered; streams of events are left out.',
    labelNames: ['method', 'route'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const operation = (name: string, help: string, ...labelNames: Array<'kind' | 'outcome'>) =>
    new Counter({ name, help, labelNames, registers });
  const started = operation('chandlery_operations_started_total', 'Operations this worker began, children included.', 'kind');
  const ended = operation('chandlery_operations_ended_total', 'Operations that ended on this worker.', 'kind', 'outcome');
  let read: (() => Promise<RegistryGauges[]>) | undefined;
  return {
    call: (registry, work, ms, code) => registries.call(registry, work, ms, code),
    cache: (registry, tier, isHit) => registries.cache(registry, tier, isHit),
    request({ method: given, route, status, ms, isStream }) {
      const method = METHODS.has(given) ? given : 'OTHER';
      requests.inc({ method, route, status: `${Math.floor(status / 100)}xx` });
      if (!isStream) durations.observe({ method, route }, ms / 1_000);
    },
    operationStarted: (kind) => started.inc({ kind }),
    operationEnded: (kind, outcome) => ended.inc({ kind, outcome }),
    watchRegistries(reader) {
      read = reader;
    },
    async exposition() {
      // What cannot be read now is left out: the rest of the metrics matters most when something is away.
      const gauges = await read?.().catch(() => undefined);
      if (gauges) await registries.show(gauges);
      return { contentType: register.contentType, text: await register.metrics() };
    },
  };
}
