import type { ErrorCode } from './errors.ts';

/** What happens to templates, counted: as JSON for each template, never as labels of Prometheus, of which there must be few. */

/**
 * search: it was a hit; download: its archive was handed out; install: an operation that installs it ended (`succeeded`, `failed`,
 * `cancelled`); validation: it was scanned (`passed`, `warned`, `failed`); error: the code an operation on it ended with.
 */
export type TemplateMetric = 'search' | 'download' | 'install' | 'validation' | 'error';

export interface TemplateEvent {
  name: string;
  /** absent where the request did not name one and it never came to be known */
  registry?: string | undefined;
  metric: TemplateMetric;
  /** outcome or code; absent for metrics that have none */
  value?: string | undefined;
}

export interface TemplateCount {
  name: string;
  /** empty: not known */
  registry: string;
  metric: TemplateMetric;
  /** empty: the metric has none */
  value: string;
  count: number;
}

/** Counts in memory and writes now and then; never fails and never waits. */
export interface TemplateCounter {
  count(event: TemplateEvent): void;
}

/** Port of the store. Fails with store_unavailable. */
export interface TemplateMetricsStore {
  /** Adds to what is counted. Names that no listing has are left out: requests may name anything. */
  add(counts: readonly TemplateCount[]): Promise<void>;
  /** Everything counted of a name. */
  of(name: string, registry?: string): Promise<TemplateCount[]>;
}

/** What was counted of one template. */
export interface TemplateMetrics {
  name: string;
  registry?: string;
  searches: number;
  downloads: number;
  installs: { total: number; succeeded: number; failed: number; cancelled: number; successRate?: number };
  /** by outcome */
  validations: Record<string, number>;
  errors: Partial<Record<ErrorCode, number>>;
}

export function templateMetrics(name: string, registry: string | undefined, counts: readonly TemplateCount[]): TemplateMetrics {
  const by = (metric: TemplateMetric) => {
    const found: Record<string, number> = {};
    for (const one of counts) if (one.metric === metric) found[one.value] = (found[one.value] ?? 0) + one.count;
    return found;
  };
  const { succeeded = 0, failed = 0, cancelled = 0 } = by('install');
  // One that somebody stopped says nothing about the template.
  const judged = succeeded + failed;
  return {
    name,
    ...(registry !== undefined && { registry }),
    searches: by('search')[''] ?? 0,
    downloads: by('download')[''] ?? 0,
    installs: {
      total: judged + cancelled,
      succeeded,
      failed,
      cancelled,
      ...(judged > 0 && { successRate: succeeded / judged }),
    },
    validations: by('validation'),
    errors: by('error'),
  };
}
