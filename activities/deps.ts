import type { ArchiveReader } from '../src/domain/archive.ts';
import type { RegistrySet } from '../src/domain/registry.ts';
import type { Store } from '../src/domain/store.ts';

export interface ActivityLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** A moment in a step's life, at which a test may kill the worker. */
export type StepMoment = 'before' | 'between' | 'after';

/** Interfaces, not instances: the worker's composition root builds the real ones. */
export interface ActivityDeps {
  store: Store;
  registries: RegistrySet;
  archive: ArchiveReader;
  log: ActivityLog;
  /** Called at each moment of each step; absent in production. */
  onMoment?: (step: string, moment: StepMoment) => Promise<void>;
}
