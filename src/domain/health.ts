import type { ErrorCode } from './errors.ts';

/** The periodic check of each registry, what is kept of it, and what is read out of it. */

/** Checks a day at the usual pace, and the longest history that is kept. */
export const KEPT_CHECK_HOURS = 24;
/** What error rate and pattern are made from. */
const WINDOW_MS = 60 * 60 * 1_000;
/** Checks that are shown one by one. */
const SHOWN_CHECKS = 20;
/** Rows read for one answer; more than the window holds at the shortest pace there is. */
export const READ_CHECKS = 400;

/** One check of one registry. */
export interface RegistryCheck {
  /** RFC 3339 */
  at: string;
  ok: boolean;
  code?: ErrorCode;
  message?: string;
  /** until the registry had answered, or failed; ms */
  latencyMs: number;
  /** read from it during the check */
  bytes: number;
  /** absent where nothing was read, as from a registry that says that nothing has changed */
  bytesPerSecond?: number;
  /** RFC 3339; the certificate that ends first */
  certificateEndsAt?: string;
}

/**
 * healthy: no failure in the window; failing: it does not answer now, and has not since the first failure; recovered: it failed and
 * answers since; intermittent: it went to and fro.
 */
export type CheckPattern = 'healthy' | 'failing' | 'recovered' | 'intermittent';

export interface RegistryChecks {
  latest: RegistryCheck;
  window: {
    seconds: number;
    checks: number;
    failures: number;
    /** 0..1 */
    errorRate: number;
    /** how often each code was the answer */
    errors: Record<string, number>;
    /** the latest failures without a success between them */
    failuresInARow: number;
    pattern: CheckPattern;
    /** of the checks that succeeded, ms */
    latencyMs?: { average: number; max: number };
    bytesPerSecond?: number;
  };
  /** newest first */
  history: RegistryCheck[];
}

/** Port of the store. Fails with store_unavailable. */
export interface HealthStore {
  /** Writes a check down and forgets what is older than KEPT_CHECK_HOURS. */
  record(registry: string, check: Omit<RegistryCheck, 'at'>): Promise<void>;
  /** Newest first. */
  checks(registry: string, limit: number): Promise<RegistryCheck[]>;
  /** The newest of each registry. */
  latest(): Promise<ReadonlyMap<string, RegistryCheck>>;
}

/** What the transport of a registry has seen, for whoever watches it. */
export interface TransportFacts {
  /** The earliest end of validity of the certificates that were shown. */
  certificateExpiry(registry: string): Date | undefined;
  /** Since the start of the process: bytes of answers, and ms in which they were asked for and read. */
  received(registry: string): { bytes: number; ms: number };
}

/** What checks, newest first, say together; undefined where there is none. */
export function summariseChecks(checks: readonly RegistryCheck[], now: number): RegistryChecks | undefined {
  const [latest] = checks;
  if (!latest) return undefined;
  const recent = checks.filter(({ at }) => now - Date.parse(at) <= WINDOW_MS);
  const failed = recent.filter(({ ok }) => !ok);
  const good = recent.filter(({ ok }) => ok);
  const errors: Record<string, number> = {};
  for (const { code = 'internal' } of failed) errors[code] = (errors[code] ?? 0) + 1;
  const firstGood = recent.findIndex(({ ok }) => ok);
  const read = good.filter(({ bytesPerSecond }) => bytesPerSecond !== undefined);
  return {
    latest,
    window: {
      seconds: WINDOW_MS / 1_000,
      checks: recent.length,
      failures: failed.length,
      errorRate: recent.length === 0 ? 0 : failed.length / recent.length,
      errors,
      failuresInARow: firstGood === -1 ? recent.length : firstGood,
      pattern: patternOf(recent),
      ...(good.length > 0 && {
        latencyMs: {
          average: average(good.map(({ latencyMs }) => latencyMs)),
          max: Math.max(...good.map((one) => one.latencyMs)),
        },
      }),
      ...(read.length > 0 && { bytesPerSecond: average(read.map(({ bytesPerSecond = 0 }) => bytesPerSecond)) }),
    },
    history: checks.slice(0, SHOWN_CHECKS),
  };
}

function patternOf(newestFirst: readonly RegistryCheck[]): CheckPattern {
  if (newestFirst.every(({ ok }) => ok)) return 'healthy';
  const changes = newestFirst.filter(({ ok }, at) => at > 0 && newestFirst[at - 1]?.ok !== ok).length;
  const answers = newestFirst[0]?.ok === true;
  // Up, down: failing. Down, up or up, down, up: recovered. Any more is to and fro.
  if (!answers) return changes <= 1 ? 'failing' : 'intermittent';
  return changes <= 2 ? 'recovered' : 'intermittent';
}

function average(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
