import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import type { DocumentStore } from '../../domain/deployment-store.ts';
import { jsonDigest } from '../../domain/json-digest.ts';
import { guarded } from './database.ts';

/** Both run several times in every plan and deploy; prepared by name like the effects' statements. */
const PUT = {
  name: 'document-put',
  text: 'insert into documents (kind, digest, body) values ($1, $2, $3::json) on conflict do nothing',
};
const GET = { name: 'document-get', text: 'select body::text as body from documents where kind = $1 and digest = $2' };

/** What one step wrote the next ones read, and a document never changes. Characters held. */
const HELD_CHARACTERS = 8 * 1024 * 1024;

export function createDocumentStore(pool: pg.Pool): DocumentStore {
  // As text: whoever reads gets an object of its own.
  const held = new LRUCache<string, string>({ maxSize: HELD_CHARACTERS, sizeCalculation: ({ length }) => length + 1 });
  const keyOf = (kind: string, digest: string) => `${kind} ${digest}`;
  return {
    put: (kind, body, digest = jsonDigest(body)) =>
      guarded(async () => {
        const text = JSON.stringify(body ?? null);
        // Waits for the disk: the digest goes into the engine's history, which would outlive a document lost with the server.
        const { rowCount } = await pool.query({ ...PUT, values: [kind, digest, text] });
        // One that is there already may say more than its digest covers: then that one counts.
        if (rowCount === 1) held.set(keyOf(kind, digest), text);
        return digest;
      }),
    get: (kind, digest) =>
      guarded(async () => {
        const known = held.get(keyOf(kind, digest));
        if (known !== undefined) return JSON.parse(known);
        const { rows } = await pool.query<{ body: string }>({ ...GET, values: [kind, digest] });
        const text = rows[0]?.body;
        if (text === undefined) return undefined;
        held.set(keyOf(kind, digest), text);
        return JSON.parse(text);
      }),
  };
}
