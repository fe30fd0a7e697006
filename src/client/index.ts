import type { InputOf } from '../../workflows/messages.ts';
import type { OperationView, Target } from '../domain/operation.ts';
import type { Store } from '../domain/store.ts';
import type { Engine } from './engine.ts';
import { pingEngine } from './engine.ts';
import type { OperationFilter } from './list.ts';
import { listOperations } from './list.ts';
import { cancelOperation, getHistory, getOperation } from './operations.ts';
import type { ReplayRequest } from './replay.ts';
import { replayOperation } from './replay.ts';
import { waitSettled } from './settled.ts';
import { findMarked, startOperation } from './start.ts';
import { watchOperation } from './watch.ts';

/** What the API asks of the engine. Every function fails with engine_unavailable when the engine is away. */
export function createOperationsClient(engine: Engine, store: Pick<Store, 'effects' | 'attempts'>) {
  return {
    install: (input: InputOf['install']) => startOperation(engine, 'install', input),
    uninstall: (input: InputOf['uninstall']) => startOperation(engine, 'uninstall', input),
    /** Works a plan out. Its target is `planTarget`; what it found is a document of the store, named in the result. */
    plan: (input: InputOf['plan']) => startOperation(engine, 'plan', input),
    deploy: (input: InputOf['deploy']) => startOperation(engine, 'deploy', input),
    upgrade: (input: InputOf['upgrade']) => startOperation(engine, 'upgrade', input),
    rollback: (input: InputOf['rollback']) => startOperation(engine, 'rollback', input),
    destroy: (input: InputOf['destroy']) => startOperation(engine, 'destroy', input),
    /** The archive must be in the store before. */
    publish: (input: InputOf['publish']) => startOperation(engine, 'publish', input),
    /** The operation that a request with this mark started on the target, if it is the last one there. */
    marked: (target: Target, mark: string) => findMarked(engine, target, mark),
    /** Waits for the end of an operation, at most so many milliseconds; undefined when it has not ended by then. */
    settled: (id: string, options: { withinMs: number; signal?: AbortSignal }) =>
      waitSettled(engine, store.attempts, id, options),
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
