import type { ErrorCode } from './errors.ts';
import type { OperationKind } from './operation.ts';

/** What is measured for machines that watch (Prometheus). Labels are few and known beforehand: never names of templates, versions or users. */

export type RegistryWork = 'listing' | 'detail';
export type CacheTier = 'search' | 'template';
export type OperationOutcome = 'succeeded' | 'failed' | 'cancelled';

/** Told of every call to a registry and every look into its caches. */
export interface RegistryObserver {
  /** `code` is absent for a success. */
  call(registry: string, work: RegistryWork, ms: number, code?: ErrorCode): void;
  cache(registry: string, tier: CacheTier, isHit: boolean): void;
}

/** How one registry is at this moment. */
export interface RegistryGauges {
  registry: string;
  breaker: 'closed' | 'open' | 'half-open';
  templates: number;
  /** absent: nothing is held */
  listingAgeSeconds?: number;
  /** negative when it has ended */
  certificateDays?: number;
  /** By the last periodic check; absent: none yet. */
  available?: boolean;
  checkLatencyMs?: number;
  checkBytesPerSecond?: number;
}

export interface RequestMetric {
  method: string;
  /** The pattern, never the path that was asked for. */
  route: string;
  status: number;
  ms: number;
  /** Open for as long as the client likes: counted, not timed. */
  isStream: boolean;
}

/** Port of the process's metrics. Nothing here fails or waits. */
export interface Metrics extends RegistryObserver {
  request(request: RequestMetric): void;
  operationStarted(kind: OperationKind): void;
  operationEnded(kind: OperationKind, outcome: OperationOutcome): void;
  /** `read` is asked at each scrape; a registry it does not name any more is forgotten. */
  watchRegistries(read: () => Promise<RegistryGauges[]>): void;
  /** The text a scraper gets. */
  exposition(): Promise<{ contentType: string; text: string }>;
}
