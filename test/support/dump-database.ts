import type pg from 'pg';

/** Everything the database holds, as text; bytes in hexadecimal. */
export async function dumpDatabase(db: Pick<pg.Client, 'query'>): Promise<string> {
  const { rows } = await db.query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
  );
  const parts: string[] = [];
  for (const { name } of rows) {
    const { rows: lines } = await db.query<{ line: string }>(`select t::text as line from ${name} t`);
    parts.push(name, ...lines.map(({ line }) => line));
  }
  return parts.join('\n');
}

/** The spellings a text could have in a log, a dump or a history. */
export function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  // Of base64 the middle: the first and last characters depend on what stands beside it.
  const shifted = [0, 1, 2].map((by) =>
    Buffer.concat([Buffer.alloc(by), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), ...shifted];
}
