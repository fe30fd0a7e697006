import type { InstallInput, UninstallInput } from '../../workflows/messages.ts';
import type { OperationView } from '../domain/operation.ts';
import type { Store } from '../domain/store.ts';
import type { Engine } from './engine.ts';
import { pingEngine } from './engine.ts';
import type { OperationFilter } from './list.ts';
import { listOperations } from './list.ts';
import { cancelOperation, getHistory, getOperation } from './operations.ts';
import type { ReplayRequest } from './replay.ts';
import { replayOperation } from './replay.ts';
import { startOperation } from './start.ts';
import { watchOperation } from './watch.ts';

/** What the API asks of the engine. Every function fails with engine_unavailable when the engine is away. */
export function createOperationsClient(engine: Engine, store: Pick<Store, 'effects' | 'attempts'>) {
  return {
    install: (input: InstallInput) => startOperation(engine, 'install', input),
    uninstall: (input: UninstallInput) => startOperation(engine, 'uninstall', input),
    get: (id: string): Promise<OperationView> => getOperation(engine, store.attempts, id),
    list: (filter: OperationFilter) => listOperations(engine, filter),
    watch: (id: string, options: { signal: AbortSignal; after?: string }) => watchOperation(engine, store.attempts, id, options),
    cancel: (id: string, by: string) => cancelOperation(engine, store.attempts, id, by),
    replay: (id: string, request: ReplayRequest) => replayOperation(engine, store, id, request),
    history: (id: string) => getHistory(engine, id),
    ping: () => pingEngine(engine),
  };
}

export type OperationsClient = ReturnType<typeof createOperationsClient>;
