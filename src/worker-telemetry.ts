import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LRUCache } from 'lru-cache';
import type { OperationReport } from '../workflows/sinks.ts';
import { createMetricsApp, type MetricsAppDeps } from './api/metrics-app.ts';
import { ChandleryError } from './domain/errors.ts';
import type { Metrics } from './domain/metrics.ts';
import type { OperationKind } from './domain/operation.ts';
import type { TemplateCounter } from './domain/template-metrics.ts';

/** What a worker counts, and where it tells it. */

/** Codes of operations that say nothing about a template: it is not there, or somebody may not do this. */
const NOT_ITS_FAULT = new Set(['template_not_found', 'registry_not_found', 'forbidden', 'target_busy', 'not_owner']);

/** Runs that may still be under way, or about to be done again, on one worker. */
const RUNS_REMEMBERED = 20_000;

/** What the SDK tells of the workflow that speaks. */
interface Run {
  runId: string;
}

/** Counts what workflows report. Not in replays: a history that is read again is no second operation. */
export function createOperationSinks(metrics: Metrics, counter: TemplateCounter) {
  const told = new LRUCache<string, true>({ max: RUNS_REMEMBERED });
  /** A task that was late is done again, and says everything again. */
  const isNew = (runId: string, what: string) => {
    const key = `${runId} ${what}`;
    const isFirst = !told.has(key);
    told.set(key, true);
    return isFirst;
  };
  return {
    operations: {
      started: {
        callDuringReplay: false,
        fn({ runId }: Run, kind: OperationKind) {
          if (isNew(runId, 'started')) metrics.operationStarted(kind);
        },
      },
      ended: {
        callDuringReplay: false,
        fn({ runId }: Run, { kind, outcome, code, template, validation }: OperationReport) {
          if (!isNew(runId, 'ended')) return;
          metrics.operationEnded(kind, outcome);
          if (!template || (code !== undefined && NOT_ITS_FAULT.has(code))) return;
          if (kind === 'install') counter.count({ ...template, metric: 'install', value: outcome });
          if (code !== undefined) counter.count({ ...template, metric: 'error', value: code });
          if (validation !== undefined) counter.count({ ...template, metric: 'validation', value: validation });
        },
      },
    },
  };
}

export interface MetricsServer {
  url: string;
  close(): Promise<void>;
}

/** Fails with config_invalid when the port is taken. */
export async function serveMetrics(deps: MetricsAppDeps, { host, port }: { host: string; port: number }): Promise<MetricsServer> {
  const server = createServer(createMetricsApp(deps));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: Error) => {
      const message = `the worker's metrics cannot be served on ${host}, port ${port} (CHANDLERY_WORKER_METRICS_PORT): ${error.message}`;
      reject(new ChandleryError('config_invalid', message, {}, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
