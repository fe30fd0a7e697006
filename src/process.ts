import { ChandleryError, ERROR_CATALOGUE } from './domain/errors.ts';
import type { Logger } from './logger.ts';

/** A stop that takes longer than this is cut short, milliseconds: whoever asked must not wait for ever. */
const STOP_LIMIT_MS = 25_000;
/** Exit code for a start that failed because of how it was configured or where it ran. */
const EXIT_FAILED = 1;

export interface Running {
  /** Settles when the service ended by itself. */
  failed?: Promise<unknown>;
  stop(): Promise<void>;
}

/** Runs a service until SIGINT or SIGTERM, then drains it. A second signal ends the process at once. */
export async function runProcess(log: Logger, start: (signal: AbortSignal) => Promise<Running>): Promise<void> {
  const starting = new AbortController();
  const asked = new Promise<void>((resolve) => {
    const onSignal = () => {
      if (starting.signal.aborted) process.exit(EXIT_FAILED);
      starting.abort();
      resolve();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  });
  try {
    const running = await start(starting.signal);
    await Promise.race([asked, running.failed ?? new Promise(() => undefined)]);
    await stopWithin(running, log);
    process.exit(starting.signal.aborted ? 0 : EXIT_FAILED);
  } catch (error) {
    report(error, log);
    process.exit(EXIT_FAILED);
  }
}

async function stopWithin(running: Running, log: Logger): Promise<void> {
  const limit = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), STOP_LIMIT_MS).unref());
  const outcome = await Promise.race([running.stop(), limit]);
  if (outcome === 'late') log.error({}, `not everything stopped within ${STOP_LIMIT_MS / 1_000} s`);
}

/** What a person can act on goes to stderr as text; what they cannot goes to the log whole. */
function report(error: unknown, log: Logger): void {
  if (error instanceof ChandleryError)
    process.stderr.write(`${error.code}: ${error.message}\n${ERROR_CATALOGUE[error.code].guidance}\n`);
  else log.error({ err: error }, 'the process failed');
}
