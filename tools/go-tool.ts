/** Programs built from pinned Go modules, once per version and machine: a cache that any number of processes share. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChandleryError } from '../src/domain/errors.ts';
import { type ProcessLock, tryProcessLock } from '../src/embedded/process-lock.ts';
import { goBuild } from './go-build.ts';

export interface GoToolOptions {
  /** What the program is called in the cache; a plain file name. */
  name: string;
  /** Import path of its main package. */
  module: string;
  /** Version with its v, pinned; for a module of our own whatever changes with its files. */
  version: string;
  /** Folder of a module of our own, built instead of one fetched by `module@version`. */
  directory?: string;
  /** What the linker is told besides dropping symbols, for example a version. */
  linkerFlags?: string;
  /** How long a first build takes on a small machine, when that is longer than one would wait without a word: `about 5 minutes`. */
  firstBuild?: string;
  /** For example ~/.cache/chandlery; the program goes below `tools/`. */
  cacheDir: string;
  /** Variables for the go command: PATH, HOME, and the user's own Go and proxy settings. */
  env: Readonly<Record<string, string | undefined>>;
  log(line: string): void;
  signal?: AbortSignal | undefined;
}

/** Short against a build of seconds to minutes, long against the cost of looking. */
const WAIT_POLL_MS = 200;
/** How often a waiting process says that it waits. */
const WAIT_REPORT_MS = 15_000;

/** Where `acquireGoTool` puts (or finds) the program. */
export function goToolPath({ cacheDir, name, version }: Pick<GoToolOptions, 'cacheDir' | 'name' | 'version'>): string {
  return join(cacheDir, 'tools', `${name}-${version}`, name);
}

export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function throwIfAborted(options: GoToolOptions): void {
  if (options.signal?.aborted)
    throw new ChandleryError('cancelled', `stopped before ${options.name} ${options.version} was there`);
}

/** The lock of this tool and version, or undefined when the program has appeared meanwhile. */
async function lockUnlessBuilt(options: GoToolOptions): Promise<ProcessLock | undefined> {
  const { name, version, cacheDir } = options;
  let reportAt = 0;
  for (;;) {
    throwIfAborted(options);
    const attempt = await tryProcessLock(join(cacheDir, 'tools', '.locks', `${name}-${version}`));
    if ('lock' in attempt) return attempt.lock;
    if (await isExecutable(goToolPath(options))) return undefined;
    if (Date.now() >= reportAt) {
      options.log(`waiting for process ${attempt.holder.pid}, which builds ${name} ${version} since ${attempt.holder.since}`);
      reportAt = Date.now() + WAIT_REPORT_MS;
    }
    await sleep(WAIT_POLL_MS, undefined, options.signal ? { signal: options.signal } : {}).catch(() => undefined);
  }
}

/** Drafts of this tool: only the holder of its lock makes them, so all of them belong to builders that died. */
async function sweepDrafts(tools: string, prefix: string): Promise<void> {
  const drafts = (await readdir(tools)).filter((entry) => entry.startsWith(prefix));
  await Promise.all(drafts.map((entry) => rm(join(tools, entry), { recursive: true, force: true })));
}

async function build(options: GoToolOptions): Promise<void> {
  const { name, version, cacheDir } = options;
  const tools = join(cacheDir, 'tools');
  const prefix = `.draft-${name}-${version}-`;
  await sweepDrafts(tools, prefix);
  const draft = join(tools, `${prefix}${randomUUID()}`);
  await mkdir(draft);
  try {
    await goBuild({ ...options, binDirectory: draft });
    const [built, ...others] = await readdir(draft);
    if (built === undefined || others.length > 0)
      throw new ChandleryError('tool_unavailable', `building ${options.module}@${version} did not make one program`);
    if (built !== name) await rename(join(draft, built), join(draft, name));
    const home = join(tools, `${name}-${version}`);
    await rm(home, { recursive: true, force: true });
    await rename(draft, home);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * Path of a program built by `go install module@version` (or from a folder), building it if the cache does not have it (a cold build of the Temporal
 * CLI takes 2-3 minutes; progress goes to `log`). Callers at the same time, in whatever process, share one build; an interrupted
 * one leaves nothing. Fails with `tool_unavailable` without Go or when the build fails, with `cancelled` on abort.
 */
export async function acquireGoTool(options: GoToolOptions): Promise<string> {
  const program = goToolPath(options);
  if (await isExecutable(program)) return program;
  const lock = await lockUnlessBuilt(options);
  try {
    if (lock && !(await isExecutable(program))) await build(options);
    return program;
  } finally {
    await lock?.release();
  }
}
