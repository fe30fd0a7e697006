import type pg from 'pg';

/** What statements are given to: the pool, or a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;

/** Reads with all statements seeing the same moment, one after the other on one connection. */
export async function inSnapshot<T>(pool: pg.Pool, read: (db: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const over = new AbortController();
  try {
    await client.query('begin isolation level repeatable read read only');
    return await read(oneByOne(client, over.signal));
  } finally {
    // After a failure others may still wait for their turn: by then the connection is somebody else's.
    over.abort();
    await client.query('rollback').catch((failure: Error) => {
      broken = failure;
    });
    client.release(broken);
  }
}

/** A connection takes one statement at a time; a search gives several at once. */
function oneByOne(client: pg.PoolClient, over: AbortSignal): Queryable {
  let before: Promise<unknown> = Promise.resolve();
  const query = (...statement: Parameters<pg.PoolClient['query']>) => {
    const answer = before.then(() => {
      over.throwIfAborted();
      return client.query(...statement);
    });
    before = Promise.resolve(answer).catch(() => undefined);
    return answer;
  };
  return { query: query as pg.Pool['query'] };
}
