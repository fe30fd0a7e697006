import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ChandleryError } from '../src/domain/errors.ts';
import { killGroup } from './process-group.ts';

export interface GoBuildOptions {
  name: string;
  module: string;
  version: string;
  directory?: string;
  linkerFlags?: string;
  firstBuild?: string;
  /** Where the program is put. */
  binDirectory: string;
  env: Readonly<Record<string, string | undefined>>;
  log(line: string): void;
  signal?: AbortSignal | undefined;
}

const REPORT_EVERY_MS = 5_000;
/** The reason of a failed build stands in its last lines. */
const ERROR_LINES = 12;
/** What a shell answers for a command it does not find. */
const SHELL_NOT_FOUND = 127;

/**
 * The shell sees our end of the pipe close when we die, however we die, and ends the build with its compilers: nobody else would,
 * and it would go on for minutes. All of them are one process group, so that one signal reaches all.
 */
const RUN_WHILE_PARENT_LIVES = `
"$@" </dev/null & build=$!
exec 3<&0 0</dev/null
( read -r _ <&3; kill -s KILL -- -$$ ) >/dev/null 2>&1 &
watcher=$!
wait "$build"; code=$?
kill "$watcher"
exit "$code"`;

interface Progress {
  startedAt: number;
  downloaded: number;
  compiled: number;
  latest: string;
  /** What is neither a download nor a package name: errors. */
  remarks: string[];
}

function observe(progress: Progress, line: string): void {
  const download = /^go: downloading (\S+) (\S+)/.exec(line);
  if (download) {
    progress.downloaded += 1;
    progress.latest = `downloading ${download[1]} ${download[2]}`;
  } else if (/^[\w.\-/]+$/.test(line)) {
    progress.compiled += 1;
    progress.latest = `compiling ${line}`;
  } else if (line.trim() !== '') {
    progress.remarks = [...progress.remarks, line].slice(-ERROR_LINES);
  }
}

function describe({ startedAt, downloaded, compiled, latest }: Progress): string {
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  return `${seconds} s, ${downloaded} modules downloaded, ${compiled} packages compiled${latest ? `, ${latest}` : ''}`;
}

function goCommand({ name, module, version, directory, binDirectory, linkerFlags = '' }: GoBuildOptions): string[] {
  const flags = ['-v', '-trimpath', `-ldflags=-s -w ${linkerFlags}`.trimEnd()];
  if (directory === undefined) return ['go', 'install', ...flags, `${module}@${version}`];
  return ['go', 'build', ...flags, '-o', join(binDirectory, name), '.'];
}

function start(options: GoBuildOptions): ChildProcess {
  const { binDirectory, directory, env } = options;
  return spawn('/bin/sh', ['-c', RUN_WHILE_PARENT_LIVES, 'sh', ...goCommand(options)], {
    cwd: directory ?? binDirectory,
    detached: true,
    // Without cgo no C compiler is needed; GOOS and GOARCH of a cross-compiling user would put the program elsewhere.
    env: { ...env, GOBIN: binDirectory, CGO_ENABLED: '0', GOOS: '', GOARCH: '', GOWORK: 'off' },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
}

/** Exit code of the build; 127 when there is no go command. */
async function finish(child: ChildProcess, signal: AbortSignal | undefined): Promise<number | null> {
  const abort = (): void => killGroup(child);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function failure(options: GoBuildOptions, code: number | null, progress: Progress): ChandleryError {
  const what = `${options.name} ${options.version}`;
  if (options.signal?.aborted) return new ChandleryError('cancelled', `the build of ${what} was stopped`);
  if (code === SHELL_NOT_FOUND)
    return new ChandleryError(
      'tool_unavailable',
      `${what} has to be built and there is no go command on PATH. Install Go (https://go.dev/dl).`,
    );
  const reason = progress.remarks.join('\n') || `it ended with ${code === null ? 'a signal' : `exit code ${code}`}`;
  return new ChandleryError('tool_unavailable', `building ${options.module}@${options.version} failed:\n${reason}`);
}

/**
 * Builds one program into `binDirectory`, by `go install module@version` or in the folder of a module of ours, and reports progress every few seconds. The build ends with us, also when we
 * are killed. Fails with `tool_unavailable` (no Go, or its last lines), or `cancelled` on abort.
 */
export async function goBuild(options: GoBuildOptions): Promise<void> {
  const progress: Progress = { startedAt: Date.now(), downloaded: 0, compiled: 0, latest: '', remarks: [] };
  const what = `${options.name} ${options.version}`;
  const once = options.firstBuild === undefined ? 'only the first time' : `the first time takes ${options.firstBuild}`;
  options.log(`building ${what} from ${options.module} (${once}; it is kept)`);
  const child = start(options);
  if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => observe(progress, line));
  const report = setInterval(() => options.log(`building ${what}: ${describe(progress)}`), REPORT_EVERY_MS);
  try {
    const code = await finish(child, options.signal);
    if (code !== 0) throw failure(options, code, progress);
    options.log(`built ${what}: ${describe({ ...progress, latest: '' })}`);
  } finally {
    clearInterval(report);
    child.stdin?.destroy();
  }
}
