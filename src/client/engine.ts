import { Client, Connection, isGrpcServiceError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTE_TYPES } from '../../workflows/names.ts';
import { ChandleryError } from '../domain/errors.ts';
import { dataConverter } from './codec.ts';

/** A request must not hang on an engine that is away, milliseconds. */
const CALL_DEADLINE_MS = 4_000;
/** Pauses before a broken connection is made again, milliseconds. gRPC's own grow to two minutes, and requests fail meanwhile. */
const RECONNECT_MS = 100;
const RECONNECT_MAX_MS = 1_000;
/** gRPC status codes (grpc.io/docs/guides/status-codes): the engine is away, or slower than anybody waits. */
const AWAY = new Set([1, 4, 8, 14]);
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const UNAVAILABLE = 14;

export interface Engine {
  client: Client;
  connection: Connection;
  namespace: string;
  taskQueue: string;
}

export interface EngineOptions {
  address: string;
  namespace: string;
  taskQueue: string;
  /** CHANDLERY_CODEC_KEY */
  codecKey?: Buffer | undefined;
}

/** A client that connects with its first call, so that a server starts and answers 503 while the engine is away. */
export function createEngine({ address, namespace, taskQueue, codecKey }: EngineOptions): Engine {
  const connection = Connection.lazy({
    address,
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': RECONNECT_MS, 'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS },
  });
  return { client: new Client({ connection, namespace, ...dataConverter(codecKey) }), connection, namespace, taskQueue };
}

/** Calls the engine within the deadline; fails with engine_unavailable when it is away. */
export async function callEngine<T>(engine: Engine, call: () => Promise<T>): Promise<T> {
  try {
    return await engine.connection.withDeadline(Date.now() + CALL_DEADLINE_MS, call);
  } catch (error) {
    throw engineError(error);
  }
}

export function engineError(error: unknown): unknown {
  const code = grpcCode(error);
  if (error instanceof WorkflowNotFoundError || code === NOT_FOUND) {
    return new ChandleryError('operation_not_found', 'the engine knows no such operation', {}, { cause: error });
  }
  const away = code === undefined ? error instanceof Error && /deadline|failed to connect/i.test(error.message) : AWAY.has(code);
  return away ? new ChandleryError('engine_unavailable', 'the engine (Temporal) does not answer', {}, { cause: error }) : error;
}

/** Some calls of the SDK give gRPC's own error, others wrap it; one that wraps nothing never reached the engine. */
function grpcCode(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  if (!(error instanceof ServiceError)) return undefined;
  return error.cause === undefined ? UNAVAILABLE : grpcCode(error.cause);
}

/** Makes the search attributes known to an engine that lacks them; harmless when it has them. */
export async function registerSearchAttributes(engine: Engine): Promise<void> {
  const type = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  const { customAttributes } = await callEngine(engine, () =>
    engine.connection.operatorService.listSearchAttributes({ namespace: engine.namespace }),
  );
  const missing = Object.keys(SEARCH_ATTRIBUTE_TYPES).filter((name) => customAttributes?.[name] === undefined);
  if (missing.length === 0) return;
  try {
    await callEngine(engine, () =>
      engine.connection.operatorService.addSearchAttributes({
        namespace: engine.namespace,
        searchAttributes: Object.fromEntries(missing.map((name) => [name, type])),
      }),
    );
  } catch (error) {
    // Another server was faster.
    if (!(isGrpcServiceError(error) && error.code === ALREADY_EXISTS)) throw error;
  }
}

/** Whether the engine answers. */
export async function pingEngine(engine: Engine): Promise<void> {
  await callEngine(engine, () => engine.connection.workflowService.getSystemInfo({}));
}
