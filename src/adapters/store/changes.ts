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
        await pool.query('select pg_notify($1, $2)', [CHANNEL, payloadOf(event)]);
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

/** Too many names for one notification: the whole namespace is named instead. */
function payloadOf(event: ChangeEvent): string {
  const text = JSON.stringify(event);
  return Buffer.byteLength(text) <= MAX_PAYLOAD_BYTES ? text : JSON.stringify({ ...event, names: [] });
}

/** One listening connection, made again when it breaks. What was missed meanwhile is told as `resync`. */
class Listening {
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly url: string,
    private readonly tell: (event: ChangeEvent) => void,
  ) {
    void this.#connect(false);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(again: boolean): Promise<void> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'chandlery-changes', keepAlive: true });
    this.#client = client;
    client.on('error', () => undefined);
    client.on('end', () => this.#later());
    client.on('notification', ({ payload }) => payload && this.tell(JSON.parse(payload) as ChangeEvent));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      if (again) this.tell({ type: 'resync' });
    } catch {
      this.#later();
    }
  }

  #later(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(true), RECONNECT_MS);
    this.#timer.unref();
  }
}
