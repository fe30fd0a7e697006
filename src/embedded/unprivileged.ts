import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { ChandleryError } from '../domain/errors.ts';
import type { PartCommand } from './part-process.ts';

/** Runs PostgreSQL's programs as somebody who is not root: they refuse to start as root. */
export interface UnprivilegedRunner {
  command(binary: string, args: readonly string[]): PartCommand;
  /** Hands a file or directory made by us to whoever runs the command. */
  own(path: string): void;
}

/** The uid seen inside the user namespace; any but 0 does, outside it is still ours. */
const NAMESPACE_UID = 1000;
const UNSHARE = ['--user', `--map-user=${NAMESPACE_UID}`, `--map-group=${NAMESPACE_UID}`] as const;
/** Users that exist for such purposes on nearly every system, in the order of preference. */
const UNPRIVILEGED_USERS = ['postgres', 'nobody'] as const;
/** Others may pass through the data directory, and read nothing in it. */
const TRAVERSABLE_MODE = 0o711;
const PROBE_TIMEOUT_MS = 5_000;

const asOurselves: UnprivilegedRunner = { command: (command, args) => ({ command, args }), own: () => {} };

/** unshare replaces itself by the program, so the pid is the program's, and files keep their owner outside. */
const inUserNamespace: UnprivilegedRunner = {
  command: (binary, args) => ({ command: 'unshare', args: [...UNSHARE, binary, ...args] }),
  own: () => {},
};

function works(
  command: string,
  args: readonly string[],
  options: { uid?: number; gid?: number; path: string | undefined },
): boolean {
  const { path, ...ids } = options;
  const env = path === undefined ? {} : { PATH: path };
  return spawnSync(command, args, { ...ids, env, cwd: '/', stdio: 'ignore', timeout: PROBE_TIMEOUT_MS }).status === 0;
}

function idsOf(user: string): { uid: number; gid: number } | undefined {
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user);
  return entry ? { uid: Number(entry[2]), gid: Number(entry[3]) } : undefined;
}

function asSystemUser(binary: string, dataDirectory: string, path: string | undefined): UnprivilegedRunner | undefined {
  for (const user of UNPRIVILEGED_USERS) {
    const ids = idsOf(user);
    if (!ids || !works(binary, ['--version'], { ...ids, path })) continue;
    chmodSync(dataDirectory, TRAVERSABLE_MODE);
    if (!works('test', ['-x', dataDirectory], { ...ids, path })) continue;
    return { command: (command, args) => ({ command, args, ...ids }), own: (file) => chownSync(file, ids.uid, ids.gid) };
  }
  return undefined;
}

/**
 * Finds a way to run `binary` with its files in `dataDirectory` without being root: as ourselves when we are not root, else in a
 * user namespace, else as an existing unprivileged user. Fails with `store_unavailable` when there is none.
 */
export function findUnprivilegedRunner(binary: string, dataDirectory: string, path: string | undefined): UnprivilegedRunner {
  if (process.geteuid?.() !== 0) return asOurselves;
  if (works('unshare', [...UNSHARE, binary, '--version'], { path })) return inUserNamespace;
  const runner = asSystemUser(binary, dataDirectory, path);
  if (runner) return runner;
  throw new ChandleryError(
    'store_unavailable',
    `PostgreSQL does not run as root, and neither a user namespace (unshare) nor one of the users ${UNPRIVILEGED_USERS.join(', ')} can run ${binary} on ${dataDirectory}. Start Chandlery as a normal user, or set DATABASE_URL to a PostgreSQL of your own.`,
  );
}
