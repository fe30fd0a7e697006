import type { CatalogHit, CatalogHits, CatalogQuery, Facets } from './catalog.ts';
import type { RegistryChecks } from './health.ts';
import type { RegistryKind, RegistryType, TemplateDetail } from './registry.ts';

/** What the catalog tells people; the API's answers. */

export interface CatalogSearch extends Omit<CatalogQuery, 'limit' | 'offset'> {
  /** 1..100, default 20 */
  limit?: number;
  cursor?: string;
}

/** A registry that did not answer, and why. */
export interface RegistryTrouble {
  registry: string;
  code: string;
  message: string;
}

/** A registry whose listing is older than it should be. */
export interface StaleListing {
  registry: string;
  ageSeconds: number;
}

export interface CatalogPage {
  templates: CatalogHit[];
  total: number;
  nextCursor?: string;
  facets?: Facets;
  /** Some registry did not answer: see errors. */
  partial: boolean;
  errors: RegistryTrouble[];
  stale: StaleListing[];
  /** When nothing was found: names that are near. */
  suggestions?: Array<{ registry: string; name: string }>;
}

/** Categories over every registry, with the same about registries that did not answer as a page has. */
export interface CatalogCategories extends Pick<CatalogPage, 'partial' | 'errors' | 'stale'> {
  categories: Array<{ name: string; count: number }>;
}

/** What a live search tells, in this order: `held` once, `registry` for each that was asked, `done` once. */
export type CatalogEvent =
  | { event: 'held'; data: CatalogPage }
  | { event: 'registry'; data: RegistryArrival }
  | { event: 'done'; data: CatalogPage };

export interface RegistryArrival extends Pick<CatalogHits, 'templates' | 'total'> {
  registry: string;
  ok: boolean;
  /** ms since the search began */
  elapsedMs: number;
  error?: RegistryTrouble;
}

/** A template, and since when it is known where its registry could not be asked. */
export interface CatalogTemplate extends TemplateDetail {
  stale?: { ageSeconds: number; error: RegistryTrouble };
}

/** Counts since the start of the server; rates and times from the last calls. */
export interface RegistryFigures {
  calls: number;
  failures: number;
  authFailures: number;
  rateLimitHits: number;
  cacheHits: number;
  cacheMisses: number;
  /** 0..1 */
  successRate?: number;
  /** 0..1 */
  cacheHitRate?: number;
  responseMs?: { average: number; p50: number; p95: number; p99: number };
  callsPerMinute: number;
  /** how often each code was the answer */
  errors: Record<string, number>;
  /** RFC 3339 */
  lastSuccessAt?: string;
}

export interface RegistryView {
  name: string;
  kind: RegistryKind | string;
  type?: RegistryType;
  url?: string;
  /** `api`: added over the API, and changed there; the others are read-only there. */
  origin: 'built-in' | 'file' | 'api';
  /** Of one that was added over the API: its ETag without quotes. */
  revision?: string;
  /** Answers bare names and takes what is published. */
  default: boolean;
  credential: string;
  /** ok: listed and fresh; stale: only an older listing; failing: nothing to serve; unknown: not asked yet; disabled: see message */
  status: 'ok' | 'stale' | 'failing' | 'unknown' | 'disabled';
  message?: string;
  templates: number;
  /** RFC 3339; when the listing that is held was fetched */
  listedAt?: string;
  /** RFC 3339; when the registry last confirmed it */
  checkedAt?: string;
  ageSeconds?: number;
  error?: { code: string; message: string; at: string };
  /** Entries of the listing that could not be used, the first of them below. */
  problemCount: number;
}

export interface RegistryDetail extends RegistryView {
  problems: Array<{ subject: string; message: string }>;
}

export interface RegistryHealth {
  registry: string;
  available: boolean;
  status: RegistryView['status'];
  breaker: 'closed' | 'open' | 'half-open';
  figures: RegistryFigures;
  /** By the periodic checks; absent before the first one, and for catalogs that must not be polled. */
  checks?: RegistryChecks;
  certificate?: { expiresAt: string; days: number };
  error?: { code: string; message: string; at: string };
}

export type ConnectionOutcome =
  | 'ok'
  | 'dns'
  | 'refused'
  | 'tls'
  | 'timeout'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'not_a_registry'
  | 'rate_limit'
  | 'denied'
  | 'unavailable';

export interface RegistryTest {
  registry: string;
  ok: boolean;
  outcome: ConnectionOutcome;
  message: string;
  elapsedMs: number;
  credential?: string;
  certificate?: { expiresAt: string; days: number };
}

export interface RegistryRefresh {
  registry: string;
  /** running: it goes on in the background */
  state: 'unchanged' | 'changed' | 'running';
  templates: number;
  written: number;
  removed: number;
  problemCount: number;
}
