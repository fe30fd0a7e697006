import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ChandleryError } from '../src/domain/errors.ts';
import { killGroup } from './process-group.ts';

export interface TemporalDownloadOptions {
  cacheDir: string;
  version: string;
  /** Where the program is put when it is complete. */
  target: string;
  env: Readonly<Record<string, string | undefined>>;
  log(line: string): void;
  signal?: AbortSignal | undefined;
}

/** Without a byte for so long, there is no way to the server. */
const STALL_MS = 10_000;
const POLL_MS = 500;
const MODE_EXECUTABLE = 0o111;
/** Of what a failed download printed, the end says why. */
const OUTPUT_TAIL_CHARACTERS = 2_000;

/**
 * The SDK downloads only as a part of starting a server, in native code that cannot be stopped. So it runs in a process of its own,
 * which can: it starts the server, whereby the program lands in the directory, and stops it.
 */
const DOWNLOAD_SCRIPT = `
const [library, downloadDir, version] = process.argv.slice(1);
const { TestWorkflowEnvironment } = (await import(library)).default;
const executable = { type: 'cached-download', downloadDir, version };
const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
await environment.teardown();`;

function findLibrary(): string {
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve('@temporalio/testing')).href;
  } catch (cause) {
    throw new ChandleryError(
      'tool_unavailable',
      'the package @temporalio/testing, which can download it, is not installed',
      {},
      { cause },
    );
  }
}

async function bytesIn(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map((name) =>
    stat(join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Aborts once the directory has not grown for `STALL_MS`. */
function watchForStall(directory: string, stalled: AbortController): NodeJS.Timeout {
  let bytes = 0;
  let grewAt = Date.now();
  return setInterval(async () => {
    const now = await bytesIn(directory).catch(() => bytes);
    if (now > bytes) grewAt = Date.now();
    bytes = now;
    if (Date.now() - grewAt > STALL_MS) stalled.abort();
  }, POLL_MS);
}

function failureIn(output: string): string {
  const line = output.split('\n').find((each) => /error/i.test(each));
  return (line ?? 'it ended without a reason').replace(/^[\s[]*(Error: )?\[?(Error: )?/, '').replace(/\]$/, '');
}

async function runDownload(options: TemporalDownloadOptions, directory: string): Promise<void> {
  const stalled = new AbortController();
  const signal = options.signal ? AbortSignal.any([stalled.signal, options.signal]) : stalled.signal;
  const args = ['--input-type=module', '-e', DOWNLOAD_SCRIPT, findLibrary(), directory, options.version];
  const child = spawn(process.execPath, args, { detached: true, env: { ...options.env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-OUTPUT_TAIL_CHARACTERS);
  });
  const abort = (): void => killGroup(child);
  signal.addEventListener('abort', abort, { once: true });
  const watch = watchForStall(directory, stalled);
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  clearInterval(watch);
  if (options.signal?.aborted) throw new ChandleryError('cancelled', 'the download was stopped');
  if (stalled.signal.aborted) throw new ChandleryError('tool_unavailable', `no byte in ${STALL_MS / 1000} s`);
  if (code !== 0) throw new ChandleryError('tool_unavailable', failureIn(output));
}

/** Lets the Temporal SDK download its CLI and moves it to `target`. Fails with `tool_unavailable`, or `cancelled` on abort. */
export async function downloadTemporalCli(options: TemporalDownloadOptions): Promise<void> {
  const tools = join(options.cacheDir, 'tools');
  const draft = join(tools, `.draft-temporal-download-${randomUUID()}`);
  await mkdir(draft, { recursive: true });
  options.log(`downloading the Temporal CLI ${options.version}`);
  try {
    await runDownload(options, draft);
    for (const name of await readdir(draft)) {
      const file = join(draft, name);
      const found = await stat(file);
      if (!found.isFile() || (found.mode & MODE_EXECUTABLE) === 0) continue;
      await mkdir(dirname(options.target), { recursive: true });
      await rename(file, options.target);
      return;
    }
    throw new ChandleryError('tool_unavailable', 'the SDK reported success but left no program');
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
