import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ChandleryError, isErrorCode } from '../src/domain/errors.ts';
import { acquireGoTool, goToolPath, isExecutable } from './go-tool.ts';
import { downloadTemporalCli } from './temporal-download.ts';

export interface TemporalCliOptions {
  /** For example ~/.cache/chandlery. */
  cacheDir: string;
  /** PATH is searched for `temporal` and `go`; the rest is handed to the go command. */
  env: Readonly<Record<string, string | undefined>>;
  log(line: string): void;
  signal?: AbortSignal | undefined;
}

/** The newest version that `go install` accepts: later ones have a replace directive in their go.mod. */
const TEMPORAL_CLI = { name: 'temporal', module: 'github.com/temporalio/cli/cmd/temporal', version: 'v1.5.1' } as const;
/** A program that cannot say its version in this time is not usable. */
const VERSION_TIMEOUT_MS = 5_000;

async function answersVersion(command: string, env: TemporalCliOptions['env']): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(command, ['--version'], { env: { ...env }, timeout: VERSION_TIMEOUT_MS });
    return stdout.startsWith('temporal version');
  } catch {
    return false;
  }
}

/**
 * The `temporal` program: the one on PATH if it works, else the cached one, else built from its Go module, else downloaded by the
 * Temporal SDK (given up after 10 s without progress). Fails with `tool_unavailable`, naming all that was tried.
 */
export async function acquireTemporalCli(options: TemporalCliOptions): Promise<string> {
  if (await answersVersion('temporal', options.env)) return 'temporal';
  const tool = { ...TEMPORAL_CLI, ...options };
  const cached = goToolPath(tool);
  if (await isExecutable(cached)) return cached;
  const buildFailure = await acquireGoTool(tool).then(() => undefined, asFailure);
  if (!buildFailure) return cached;
  const downloadFailure = await downloadTemporalCli({ ...options, version: TEMPORAL_CLI.version, target: cached }).then(
    () => undefined,
    asFailure,
  );
  if (!downloadFailure) return cached;
  throw new ChandleryError(
    'tool_unavailable',
    [
      'no Temporal server can be started. Tried, in this order:',
      '- `temporal` on PATH: not there, or `temporal --version` fails',
      `- the cached program ${cached}: not there`,
      `- building it with Go: ${buildFailure.message}`,
      `- the download of the Temporal SDK: ${downloadFailure.message}`,
      'Install Go or the Temporal CLI (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a server of your own.',
    ].join('\n'),
    {},
    { cause: buildFailure },
  );
}

/** Being told to stop is no reason to try the next way. */
function asFailure(error: unknown): Error {
  if (!(error instanceof ChandleryError) || !isErrorCode(error.code) || error.code === 'cancelled') throw error;
  return error;
}
