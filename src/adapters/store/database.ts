import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { ChandleryError } from '../../domain/errors.ts';
import type { Tables } from './schema.ts';

/** Connections of one process. Postgres' own default allows 100, to be shared by a few APIs and workers. */
const POOL_SIZE = 10;
/** A request must learn soon that the store is away, milliseconds. */
const CONNECT_TIMEOUT_MS = 3_000;
/**
 * No statement of ours is slow; one that is hangs on a lock or a dead server, milliseconds. Below the shortest limit of a step's
 * attempt (workflows/activity-options.ts), so that the step can still say that it was the store.
 */
const STATEMENT_TIMEOUT_MS = 8_000;

export type Database = Kysely<Tables>;

export interface Connected {
  db: Database;
  pool: pg.Pool;
}

/** Opens a pool; nothing is connected before the first query. */
export function openDatabase(url: string, onIdleError: (error: Error) => void): Connected {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
    keepAlive: true,
    application_name: 'chandlery',
  });
  // An idle connection whose server goes away emits here; unheard, it would end the process.
  pool.on('error', onIdleError);
  return { pool, db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }) };
}

/** Classes of SQLSTATE that mean the server, not the statement: connection, resources, operator intervention, system error. */
const SERVER_CLASSES = new Set(['08', '53', '57', '58']);
const SOCKET_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);
/** What the driver says without a code. */
const DRIVER_WORDS =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|client has encountered a connection error|cannot use a pool after calling end/i;
/** Two transactions that met; the loser may try again. */
const TRANSIENT = new Set(['40001', '40P01', '55P03']);

/** Runs a query and says store_unavailable for everything that is the server's fault and may pass. */
export async function guarded<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    if (isUnavailable(error))
      throw new ChandleryError('store_unavailable', 'the store (PostgreSQL) does not answer', {}, { cause: error });
    throw error;
  }
}

function isUnavailable(error: unknown): boolean {
  const { code, message, errors } = (error ?? {}) as { code?: unknown; message?: unknown; errors?: unknown };
  const text = typeof code === 'string' ? code : '';
  if (SOCKET_ERRORS.has(text) || TRANSIENT.has(text) || (text.length === 5 && SERVER_CLASSES.has(text.slice(0, 2)))) return true;
  return DRIVER_WORDS.test(String(message)) || (Array.isArray(errors) && errors.some(isUnavailable));
}
