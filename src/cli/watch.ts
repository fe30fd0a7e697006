import { setTimeout as pause } from 'node:timers/promises';
import type { OperationView } from '../domain/operation.ts';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';
import type { HttpClient } from './http.ts';

/** Follows an operation until it ends, over broken streams and restarted servers. */

/** The server sends something every 15 s; after this long without, a proxy is holding it back. Milliseconds. */
const STALLED_MS = 40_000;
/** Pauses between two tries, milliseconds: short at first, since a server restarts in seconds. */
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 5_000;

export interface WatchOptions {
  signal: AbortSignal;
  onOperation: (operation: OperationView) => void;
  /** The connection is lost, or back (undefined). Told once for each change. */
  onTrouble?: (trouble: string | undefined) => void;
  stalledMs?: number;
}

/**
 * Answers the operation as it ended. A lost connection is opened again from where it broke; where no stream comes through, the
 * operation is read each few seconds. Fails with a CliError for what waiting cannot mend (unknown id, refused token), and with the
 * signal's reason.
 */
export async function watchOperation(
  client: Pick<HttpClient, 'events' | 'operation'>,
  id: string,
  options: WatchOptions,
): Promise<OperationView> {
  const watch = new Watch(client, id, options);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs)) {
    const seen = watch.frames;
    await watch.attempt(() => watch.readStream());
    if (!watch.ended) await watch.attempt(() => watch.readOnce());
    if (watch.last && watch.ended) return watch.last;
    if (watch.frames > seen) pauseMs = FIRST_PAUSE_MS;
    await pause(pauseMs, undefined, { signal: options.signal });
  }
}

class Watch {
  last: OperationView | undefined;
  /** Operations that came over a stream. */
  frames = 0;
  #place: string | undefined;
  #troubled = false;

  constructor(
    private readonly client: Pick<HttpClient, 'events' | 'operation'>,
    private readonly id: string,
    private readonly options: WatchOptions,
  ) {}

  get ended(): boolean {
    return this.last?.endedAt !== undefined;
  }

  /** One try; what may pass by itself is told and forgotten. */
  async attempt(read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      this.options.signal.throwIfAborted();
      if (error instanceof CliError && error.trouble.exitCode !== EXIT.unavailable) throw error;
      // A stream that breaks off is ordinary; only a server that does not answer at all is worth a word.
      if (error instanceof CliError) this.#tell(error.message);
    }
  }

  async readStream(): Promise<void> {
    const stall = new AbortController();
    const stalled = setTimeout(() => stall.abort(), this.options.stalledMs ?? STALLED_MS);
    try {
      const events = await this.client.events(this.id, this.#place, AbortSignal.any([this.options.signal, stall.signal]));
      for await (const event of events) {
        stalled.refresh();
        if (event?.event === 'operation') {
          this.frames += 1;
          this.#show(JSON.parse(event.data) as OperationView);
        }
        this.#place = event?.id ?? this.#place;
        if (event?.event === 'end' || this.ended) return;
      }
    } finally {
      clearTimeout(stalled);
    }
  }

  async readOnce(): Promise<void> {
    this.#show(await this.client.operation(this.id, this.options.signal));
  }

  #show(operation: OperationView): void {
    this.#tell(undefined);
    this.last = operation;
    this.options.onOperation(operation);
  }

  #tell(trouble: string | undefined): void {
    const troubled = trouble !== undefined;
    if (troubled === this.#troubled) return;
    this.#troubled = troubled;
    this.options.onTrouble?.(trouble);
  }
}
