import type pg from 'pg';
import type { DocumentStore } from '../../domain/deployment-store.ts';
import { jsonDigest } from '../../domain/json-digest.ts';
import { guarded } from './database.ts';

/** Both run several times in every plan and deploy; prepared by name like the effects' statements. */
const PUT = {
  name: 'document-put',
  text: 'insert into documents (kind, digest, body) values ($1, $2, $3::json) on conflict do nothing',
};
const GET = { name: 'document-get', text: 'select body from documents where kind = $1 and digest = $2' };

export function createDocumentStore(pool: pg.Pool): DocumentStore {
  return {
    put: (kind, body, digest = jsonDigest(body)) =>
      guarded(async () => {
        // Waits for the disk: the digest goes into the engine's history, which would outlive a document lost with the server.
        await pool.query({ ...PUT, values: [kind, digest, JSON.stringify(body ?? null)] });
        return digest;
      }),
    get: (kind, digest) =>
      guarded(async () => {
        const { rows } = await pool.query<{ body: unknown }>({ ...GET, values: [kind, digest] });
        return rows[0]?.body;
      }),
  };
}
