import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';
import pg from 'pg';
import type { Engine } from '../src/embedded/engine.ts';

const GB = 1024 ** 3;

/** The machine and the runtime: without them no figure means anything. */
export function describeMachine(): string[] {
  const processors = cpus();
  const sdk = createRequire(import.meta.url)('@temporalio/client/package.json') as { version: string };
  return [
    `${new Date().toISOString()} ${process.platform} ${process.arch}, ${processors.length} x ${processors[0]?.model.trim()}, ${(totalmem() / GB).toFixed(1)} GB`,
    `node ${process.version}, Temporal SDK ${sdk.version}, ${describeLoad()}`,
  ];
}

export function describeLoad(): string {
  return `load ${loadavg()
    .map((load) => load.toFixed(2))
    .join(' ')}`;
}

/** Versions and settings of the running engine and store, asked of themselves. */
export async function describeParts(engine: Engine): Promise<string[]> {
  return [...describeTemporal(engine), await describePostgres(engine.databaseUrl)];
}

/** The dev server's own command line holds its flags and pragmas; read where the system shows it. */
function describeTemporal(engine: Engine): string[] {
  const pid = engine.parts().find((part) => part.name === 'temporal')?.pid;
  if (pid === undefined || process.platform !== 'linux') return [];
  const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const tuned = args.filter((_, at) => /^--(dynamic-config-value|sqlite-pragma)$/.test(args[at - 1] ?? ''));
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
  return [`${version}: ${tuned.join(', ')}`];
}

async function describePostgres(databaseUrl: string): Promise<string> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    const names = ['server_version', 'fsync', 'synchronous_commit', 'shared_buffers'];
    const { rows } = await db.query('select name, current_setting(name) as value from unnest($1::text[]) as name', [names]);
    return `PostgreSQL: ${rows.map(({ name, value }) => `${name}=${value}`).join(', ')}`;
  } finally {
    await db.end();
  }
}
