import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '../src/adapters/metrics/prometheus.ts';
import type { MetricsAppDeps } from '../src/api/metrics-app.ts';
import type { TemplateEvent } from '../src/domain/template-metrics.ts';
import { createOperationSinks, serveMetrics } from '../src/worker-telemetry.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

function deps(open: boolean): MetricsAppDeps {
  const store = {
    tokens: { authenticate: async () => undefined },
    changes: { subscribe: () => () => undefined },
    audit: { append: async () => undefined },
  } as unknown as MetricsAppDeps['store'];
  return { metrics: createMetrics(), open, store, stopping: new AbortController().signal };
}

describe('the metrics of a worker', () => {
  it('are for everybody only where that is configured', async () => {
    for (const open of [true, false]) {
      const server = await serveMetrics(deps(open), LOOPBACK);
      const status = async (path: string) => (await fetch(`${server.url}${path}`)).status;
      expect([await status('/metrics'), await status('/nothing')]).toEqual([open ? 200 : 401, 404]);
      await server.close();
    }
  });

  it('say which variable is wrong when the port is taken', async () => {
    const first = await serveMetrics(deps(true), LOOPBACK);
    const port = Number(new URL(first.url).port);
    await expect(serveMetrics(deps(true), { ...LOOPBACK, port })).toFailWith('config_invalid');
    await expect(serveMetrics(deps(true), { ...LOOPBACK, port })).rejects.toThrow('CHANDLERY_WORKER_METRICS_PORT');
    await first.close();
  });
});

describe('what workflows report', () => {
  function counted() {
    const metrics = createMetrics();
    const events: TemplateEvent[] = [];
    const { operations } = createOperationSinks(metrics, { count: (event) => events.push(event) });
    return { metrics, events, started: operations.started.fn, ended: operations.ended.fn };
  }

  it('is counted once a run, though a late task says it again', async () => {
    const { metrics, started, ended } = counted();
    for (let again = 0; again < 3; again += 1) {
      started({ runId: 'a' }, 'install');
      ended({ runId: 'a' }, { kind: 'install', outcome: 'succeeded' });
    }
    started({ runId: 'b' }, 'install');
    const { text } = await metrics.exposition();
    expect(text).toContain('chandlery_operations_started_total{kind="install"} 2');
    expect(text).toContain('chandlery_operations_ended_total{kind="install",outcome="succeeded"} 1');
  });

  it('is counted for the template: installs, how it was judged, and the code it ended with', () => {
    const { events, ended } = counted();
    const template = { name: 'redis', registry: 'main' };
    ended({ runId: 'a' }, { kind: 'install', outcome: 'failed', code: 'scan_blocked', template, validation: 'failed' });
    ended({ runId: 'b' }, { kind: 'plan', outcome: 'succeeded', template, validation: 'passed' });
    expect(events).toEqual([
      { ...template, metric: 'install', value: 'failed' },
      { ...template, metric: 'error', value: 'scan_blocked' },
      { ...template, metric: 'validation', value: 'failed' },
      { ...template, metric: 'validation', value: 'passed' },
    ]);
  });

  it('says nothing about a template that is not there, or that somebody may not install', () => {
    const { events, ended } = counted();
    for (const code of ['template_not_found', 'forbidden'] as const)
      ended({ runId: code }, { kind: 'install', outcome: 'failed', code, template: { name: 'x' } });
    expect(events).toEqual([]);
  });
});
