/** Whatever the API and the worker need to run on: PostgreSQL and Temporal, our own children or somebody else's servers. */
import { acquireTemporalCli } from '../../tools/temporal-cli.ts';
import { ChandleryError, type ErrorCode } from '../domain/errors.ts';
import { type DataDirectory, openDataDirectory } from './data-dir.ts';
import { type Environment, logTail, partLog } from './part-process.ts';
import { type EmbeddedPostgres, type PartOptions, startPostgres } from './postgres.ts';
import type { PartStatus, Supervisor } from './supervisor.ts';
import { type EmbeddedTemporal, startTemporal } from './temporal.ts';

export interface EngineOptions {
  /** State of the embedded parts; held exclusively while one of them runs here. */
  dataDir: string;
  /** Where built programs are kept. */
  cacheDir: string;
  /** The process environment: PATH for the children, everything for a build by Go. */
  env: Environment;
  /** Use this PostgreSQL instead of an embedded one. */
  databaseUrl?: string | undefined;
  /** Use this Temporal (host:port) instead of an embedded one. */
  temporalAddress?: string | undefined;
  /** Whether the embedded Temporal serves its web page; true by default. */
  temporalUi?: boolean | undefined;
  log(line: string): void;
  /** Ends a start that is under way; afterwards use `stop()`. */
  signal?: AbortSignal | undefined;
}

export interface Engine {
  /** Holds the password of an embedded PostgreSQL: never log it. */
  readonly databaseUrl: string;
  /** host:port */
  readonly temporalAddress: string;
  readonly temporalUiUrl?: string;
  /** The supervised children; those given from outside are not among them. */
  parts(): PartStatus[];
  /** Calls back on each change of a part; answers a function that ends it. */
  onPartState(callback: (status: PartStatus) => void): () => void;
  /** Ends Temporal, then PostgreSQL, and gives the data directory back. Stop the API and the worker first. Safe to call twice. */
  stop(): Promise<void>;
}

type PartName = 'postgres' | 'temporal';

const FAILURE_CODE = { postgres: 'store_unavailable', temporal: 'engine_unavailable' } as const satisfies Record<
  PartName,
  ErrorCode
>;
/** Temporal ends first: nothing may still want the store then. */
const STOP_ORDER: readonly PartName[] = ['temporal', 'postgres'];

/** The children of one engine, from before the first is started until the last has ended. */
class Children {
  readonly listeners = new Set<(status: PartStatus) => void>();
  private readonly supervisors = new Map<PartName, Supervisor>();
  private readonly giveUp = new AbortController();
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly data: DataDirectory,
    private readonly options: EngineOptions,
  ) {}

  parts(): PartStatus[] {
    return [...this.supervisors.values()].map((supervisor) => supervisor.status());
  }

  /** Both or none: when one fails, or the caller gives up, the other is stopped. Throws what failed first. */
  async start(): Promise<{ postgres: EmbeddedPostgres | undefined; temporal: EmbeddedTemporal | undefined }> {
    const failures: unknown[] = [];
    const fail = (error: unknown): undefined => {
      failures.push(error);
      this.abandonStart();
    };
    const onAbort = (): void => this.abandonStart();
    this.options.signal?.addEventListener('abort', onAbort, { once: true });
    if (this.options.signal?.aborted) this.abandonStart();
    const [postgres, temporal] = await Promise.all([this.startPostgres().catch(fail), this.startTemporal().catch(fail)]);
    this.options.signal?.removeEventListener('abort', onAbort);
    if (this.options.signal?.aborted) throw new ChandleryError('cancelled', 'the start was stopped');
    if (failures.length > 0) throw failures[0];
    return { postgres, temporal };
  }

  async stop(): Promise<void> {
    this.stopping ??= this.stopInOrder();
    return this.stopping;
  }

  private abandonStart(): void {
    this.giveUp.abort();
    for (const supervisor of this.supervisors.values()) void supervisor.stop();
  }

  private async stopInOrder(): Promise<void> {
    for (const name of STOP_ORDER) await this.supervisors.get(name)?.stop();
    await this.data.close();
  }

  private get partOptions(): PartOptions {
    const { env, log } = this.options;
    const onState = (status: PartStatus): void => {
      for (const listener of this.listeners) listener(status);
    };
    return { data: this.data, env, log, onState, signal: this.giveUp.signal };
  }

  private async startPostgres(): Promise<EmbeddedPostgres | undefined> {
    if (this.options.databaseUrl !== undefined) return undefined;
    return this.untilReady('postgres', await startPostgres(this.partOptions));
  }

  private async startTemporal(): Promise<EmbeddedTemporal | undefined> {
    if (this.options.temporalAddress !== undefined) return undefined;
    const { cacheDir, env, log, temporalUi = true } = this.options;
    const cli = await acquireTemporalCli({ cacheDir, env, log, signal: this.giveUp.signal });
    return this.untilReady('temporal', await startTemporal({ ...this.partOptions, cli, ui: temporalUi }));
  }

  private async untilReady<Part extends { supervisor: Supervisor }>(name: PartName, part: Part): Promise<Part> {
    this.supervisors.set(name, part.supervisor);
    // Given up while this one was being prepared: it was not there yet to be stopped with the others.
    if (this.giveUp.signal.aborted) await part.supervisor.stop();
    await part.supervisor.started.catch((cause: Error) => {
      const log = `Its log ${partLog(this.data, name)} ends with:\n${logTail(this.data, name)}`;
      throw new ChandleryError(FAILURE_CODE[name], `${name} did not start: ${cause.message}. ${log}`, {}, { cause });
    });
    return part;
  }
}

/**
 * Starts what is not given from outside, both parts at once, and answers when both are ready. Fails with `data_directory_in_use`,
 * `tool_unavailable`, `store_unavailable`, `engine_unavailable`, or `cancelled` on abort; then nothing is left running.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { databaseUrl, temporalAddress } = options;
  if (databaseUrl !== undefined && temporalAddress !== undefined) {
    // Nothing of ours runs, so nothing is held: an API and a worker may share a data directory.
    return { databaseUrl, temporalAddress, parts: () => [], onPartState: () => () => {}, stop: async () => {} };
  }
  const children = new Children(await openDataDirectory(options.dataDir, options.log), options);
  try {
    const { postgres, temporal } = await children.start();
    return {
      databaseUrl: databaseUrl ?? postgres?.databaseUrl ?? '',
      temporalAddress: temporalAddress ?? temporal?.temporalAddress ?? '',
      ...(temporal?.temporalUiUrl === undefined ? {} : { temporalUiUrl: temporal.temporalUiUrl }),
      parts: () => children.parts(),
      onPartState: (callback) => {
        children.listeners.add(callback);
        return () => children.listeners.delete(callback);
      },
      stop: () => children.stop(),
    };
  } catch (error) {
    await children.stop();
    throw error;
  }
}
