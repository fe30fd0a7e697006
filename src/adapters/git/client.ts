import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type AddressPolicyOptions, createAddressPolicy } from '../http/address-policy.ts';
import type { GitRemote } from './access.ts';
import { localEnvironment } from './environment.ts';
import { noGit } from './failures.ts';
import { Mirror } from './mirror.ts';
import { runGit } from './process.ts';

export interface GitOptions extends AddressPolicyOptions {
  /** Where mirrors may lie; this process makes a folder of its own in it. */
  cacheDir: string;
  /** One fetch, bytes (default GIT_LIMITS.packBytes). */
  packBytes?: number;
  /** Where git and ssh are looked for, like PATH (default: the system's folders). */
  searchPath?: string;
}

/** The system's git, as all that read repositories share it. */
export interface GitClient {
  /** `allowHttp` lets this repository's own host be called over plain http. Nothing happens before the mirror is used. */
  mirror(remote: GitRemote & { allowHttp?: boolean }): Mirror;
  /** Removes everything from the disk. */
  close(): Promise<void>;
}

/** The first git that can be told to which address to connect (`http.curloptResolve`). */
const MIN_VERSION = [2, 37] as const;
const CHECK_MS = 10_000;

/** Folders that this process has made and not yet removed. */
const mine = new Set<string>();
let isCleaningUp = false;

/** Opens nothing; git is looked for when a mirror is first used, and its absence is a failure of that registry only. */
export function createGit(options: GitOptions): GitClient {
  let home: Promise<string> | undefined;
  const env = localEnvironment();
  if (options.searchPath !== undefined) env.PATH = options.searchPath;
  const open = (registry: string) => {
    home ??= openHome(options.cacheDir, registry, env).catch((error) => {
      home = undefined;
      throw error;
    });
    return home;
  };
  return {
    mirror({ allowHttp, ...remote }) {
      const httpHosts = allowHttp ? [new URL(remote.url).hostname] : [];
      const policy = createAddressPolicy({ ...options, httpHosts: [...(options.httpHosts ?? []), ...httpHosts] });
      return new Mirror({
        remote,
        policy,
        home: () => open(remote.registry),
        packBytes: options.packBytes,
        searchPath: options.searchPath,
      });
    },
    async close() {
      const dir = await home?.catch(() => undefined);
      home = undefined;
      if (dir === undefined) return;
      await rm(dir, { recursive: true, force: true });
      mine.delete(dir);
    },
  };
}

async function openHome(cacheDir: string, registry: string, env: Record<string, string>): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  const version = await gitVersion(cacheDir, env);
  if (version === undefined || !isUsable(version)) throw noGit(registry, version);
  await sweep(cacheDir);
  const dir = await mkdtemp(join(cacheDir, `${prefix()}${process.pid}-`));
  if (!isCleaningUp) process.once('exit', removeMine);
  isCleaningUp = true;
  mine.add(dir);
  return dir;
}

function removeMine(): void {
  for (const dir of mine) rmSync(dir, { recursive: true, force: true });
}

function prefix(): string {
  return `git-${hostname().replace(/[^\w]/g, '_')}-`;
}

/** Removes what processes of this machine left that were killed. */
async function sweep(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const pid = name.startsWith(prefix()) ? Number.parseInt(name.slice(prefix().length), 10) : Number.NaN;
    const dir = join(cacheDir, name);
    if (Number.isNaN(pid) || mine.has(dir) || (pid !== process.pid && isAlive(pid))) continue;
    await rm(dir, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function gitVersion(cwd: string, env: Record<string, string>): Promise<string | undefined> {
  const run = { args: ['version'], cwd, env, maxOutputBytes: 4096, timeoutMs: CHECK_MS };
  const { exitCode, stdout } = await runGit(run);
  return exitCode === 0 ? /(\d+\.\d+(\.\d+)*)/.exec(stdout.toString('utf8'))?.[1] : undefined;
}

function isUsable(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1]);
}
