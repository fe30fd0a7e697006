import pg from 'pg';
import type { ChangeEvent, ChangeFeed } from '../../domain/store.ts';
import { guarded } from './database.ts';

const CHANNEL = 'chandlery_changes';
/** PostgreSQL refuses a notification of 8,000 bytes or more. */
const MAX_PAYLOAD_BYTES = 7_900;
/** Pause before listening again after the connection broke, milliseconds. */
const RECONNECT_MS = 500;

export interface ClosableFeed extends ChangeFeed {
  close(): Promise<void>;
}

/** Changes told to every server by LISTEN/NOTIFY. The connection is opened with the first subscriber. */
export function createChangeFeed(url: string, pool: pg.Pool): ClosableFeed {
  const listeners = new Set<(event: ChangeEvent) => void>();
  const tell = (event: ChangeEvent) => {
    for (const listener of listeners) listener(event);
  };
  let link: Listening | undefined;
  return {
    publish: (event) =>
      guarded(async () => {
        await pool.query(notification(event));
      }),
    subscribe(listener) {
      listeners.add(listener);
      link ??= new Listening(url, tell);
      return () => listeners.delete(listener);
    },
    async close() {
      await link?.close();
    },
  };
}

/** The statement that tells it; within a transaction it is told when that is committed, and never otherwise. */
export function notification(event: ChangeEvent): { text: string; values: string[] } {
  return { text: 'select pg_notify($1, $2)', values: [CHANNEL, payloadOf(event)] };
}

/** Too many names for one notification: the whole namespace is named instead. */
function payloadOf(event: ChangeEvent): string {
  const text = JSON.stringify(event);
  return Buffer.byteLength(text) <= MAX_PAYLOAD_BYTES ? text : JSON.stringify({ ...event, names: [] });
}

/** One listening connection, made again when it breaks. What was missed before it listened is told as `resync`. */
class Listening {
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly url: string,
    private readonly tell: (event: ChangeEvent) => void,
  ) {
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'chandlery-changes', keepAlive: true });
    this.#client = client;
    client.on('error', () => undefined);
    client.on('end', () => this.#later());
    client.on('notification', ({ payload }) => payload && this.tell(JSON.parse(payload) as ChangeEvent));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.tell({ type: 'resync' });
    } catch {
      this.#later();
    }
  }

  #later(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), RECONNECT_MS);
    this.#timer.unref();
  }
}
