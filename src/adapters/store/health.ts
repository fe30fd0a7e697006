import type pg from 'pg';
import { isErrorCode } from '../../domain/errors.ts';
import { type HealthStore, KEPT_CHECK_HOURS, type RegistryCheck } from '../../domain/health.ts';
import { guarded } from './database.ts';

/** Characters of a failure's message that are kept with a check. */
const MAX_MESSAGE = 500;

interface Row {
  registry: string;
  at: Date;
  ok: boolean;
  code: string | null;
  message: string | null;
  latency_ms: number;
  /** bigint, which the driver gives as text */
  bytes: string;
  bytes_per_second: number | null;
  certificate_ends_at: Date | null;
}

export function createHealthStore(pool: pg.Pool): HealthStore {
  return {
    record: (registry, { ok, code, message, latencyMs, bytes, bytesPerSecond, certificateEndsAt }) =>
      guarded(async () => {
        await pool.query('delete from registry_health where at < now() - make_interval(hours => $1)', [KEPT_CHECK_HOURS]);
        const text = message?.slice(0, MAX_MESSAGE).replaceAll('\0', '');
        await pool.query(
          `insert into registry_health (registry, ok, code, message, latency_ms, bytes, bytes_per_second, certificate_ends_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)`,
          [
            registry,
            ok,
            code ?? null,
            text ?? null,
            Math.round(latencyMs),
            bytes,
            bytesPerSecond ?? null,
            certificateEndsAt ?? null,
          ],
        );
      }),
    checks: (registry, limit) =>
      guarded(async () => {
        const text = 'select * from registry_health where registry = $1 order by at desc limit $2';
        return (await pool.query<Row>(text, [registry, limit])).rows.map(toCheck);
      }),
    latest: () =>
      guarded(async () => {
        const text = 'select distinct on (registry) * from registry_health order by registry, at desc';
        return new Map((await pool.query<Row>(text)).rows.map((row) => [row.registry, toCheck(row)]));
      }),
  };
}

function toCheck(row: Row): RegistryCheck {
  return {
    at: row.at.toISOString(),
    ok: row.ok,
    ...(row.code !== null && { code: isErrorCode(row.code) ? row.code : 'internal' }),
    ...(row.message !== null && { message: row.message }),
    latencyMs: row.latency_ms,
    bytes: Number(row.bytes),
    ...(row.bytes_per_second !== null && { bytesPerSecond: Math.round(row.bytes_per_second) }),
    ...(row.certificate_ends_at && { certificateEndsAt: row.certificate_ends_at.toISOString() }),
  };
}
