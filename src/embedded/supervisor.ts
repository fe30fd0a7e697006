import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export type PartState = 'starting' | 'running' | 'restarting' | 'stopped';

/** What `/readyz` shows of a part. */
export interface PartStatus {
  name: string;
  state: PartState;
  pid?: number;
  /** How often it was started again after it had died. */
  restarts: number;
  /** Why it last died or did not come up. */
  lastError?: string;
}

export interface Backoff {
  initialMs: number;
  maxMs: number;
  /** A child that stayed up this long starts again from `initialMs`. */
  resetAfterMs: number;
}

export interface SupervisedChild {
  name: string;
  /** Starts the process, on the same port every time. */
  spawn(): ChildProcess;
  /** Resolves when the child answers; tries until the signal is aborted. */
  ready(signal: AbortSignal): Promise<void>;
  /** Asks the child to end. */
  stopSignal: NodeJS.Signals;
  /** Milliseconds after which SIGKILL follows. */
  stopTimeoutMs: number;
  backoff?: Backoff;
  log(line: string): void;
  onState?(status: PartStatus): void;
}

export interface Supervisor {
  /** Resolves when the child is ready for the first time, rejects when it could not be started; then nothing runs any more. */
  readonly started: Promise<void>;
  status(): PartStatus;
  /** Ends the child, whatever it is doing. Safe to call twice. */
  stop(): Promise<void>;
}

const DEFAULT_BACKOFF: Backoff = { initialMs: 100, maxMs: 10_000, resetAfterMs: 10_000 };
/** First tries before giving up: a port can be lost between choosing and binding it, a configuration error stays. */
const FIRST_START_ATTEMPTS = 3;
/** Longest recovery seen after a kill is below two seconds; a child silent for so long hangs. */
const READY_TIMEOUT_MS = 60_000;

interface Running {
  child: ChildProcess;
  /** Resolves, never rejects, with how it ended. */
  ended: Promise<string>;
}

function run(spec: SupervisedChild): Running {
  const child = spec.spawn();
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with exit code ${code}`));
  });
  return { child, ended };
}

/** Undefined once ready, else why it is not. */
async function becomesReady(spec: SupervisedChild, running: Running, stopping: AbortSignal): Promise<string | undefined> {
  const giveUp = new AbortController();
  const signal = AbortSignal.any([giveUp.signal, stopping, AbortSignal.timeout(READY_TIMEOUT_MS)]);
  const ready = spec.ready(signal).then(
    () => undefined,
    (error: unknown) => `did not become ready: ${error instanceof Error ? error.message : String(error)}`,
  );
  const outcome = await Promise.race([ready, running.ended]);
  giveUp.abort();
  return stopping.aborted ? 'stopped while starting' : outcome;
}

async function terminate(running: Running, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  running.child.kill(signal);
  const timer = setTimeout(() => running.child.kill('SIGKILL'), timeoutMs);
  await running.ended;
  clearTimeout(timer);
}

class ChildSupervisor implements Supervisor {
  readonly started: Promise<void>;
  private readonly finished: Promise<void>;
  private readonly backoff: Backoff;
  private readonly stopping = new AbortController();
  private current: Running | undefined;
  private state: PartStatus;

  constructor(private readonly spec: SupervisedChild) {
    this.backoff = spec.backoff ?? DEFAULT_BACKOFF;
    this.state = { name: spec.name, state: 'starting', restarts: 0 };
    // An exit without stop() (an uncaught error) must not leave the child behind; after a kill -9 the next start ends it.
    const onExit = (): void => void this.current?.child.kill(spec.stopSignal);
    process.once('exit', onExit);
    let finish: () => void = () => {};
    this.finished = new Promise((resolve) => {
      finish = resolve;
    });
    this.started = new Promise((resolve, reject) => {
      // Once resolved, a rejection does nothing: an end by stop() after the start is silent.
      void this.keepRunning(resolve)
        .then(reject, reject)
        .finally(() => {
          process.removeListener('exit', onExit);
          this.update({ state: 'stopped' });
          finish();
        });
    });
    // Whoever called us hears of it through `started`; one that only calls stop() must not crash.
    this.started.catch(() => undefined);
  }

  status(): PartStatus {
    return { ...this.state };
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    // While starting or waiting, the loop sees the signal and ends the child itself.
    if (this.current && this.state.state === 'running')
      await terminate(this.current, this.spec.stopSignal, this.spec.stopTimeoutMs);
    await this.finished;
  }

  private update(change: Partial<PartStatus>): void {
    const { pid: _previous, ...rest } = this.state;
    const alive = this.current?.child.pid;
    this.state = { ...rest, ...change, ...(alive === undefined ? {} : { pid: alive }) };
    this.spec.onState?.(this.status());
  }

  /** Starts the child again and again until stop(); answers why the loop ended. */
  private async keepRunning(onReady: () => void): Promise<Error> {
    let delayMs = this.backoff.initialMs;
    let everReady = false;
    for (let attempt = 1; ; attempt += 1) {
      const { reason, upMs } = await this.live(onReady);
      everReady ||= upMs !== undefined;
      if (this.stopping.signal.aborted) return new Error('stopped while starting');
      if (!everReady && attempt >= FIRST_START_ATTEMPTS) return new Error(reason);
      if (upMs !== undefined && upMs >= this.backoff.resetAfterMs) delayMs = this.backoff.initialMs;
      this.update({ state: 'restarting', lastError: reason });
      this.spec.log(`${this.spec.name} ${reason}; starting it again in ${delayMs} ms`);
      await sleep(delayMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) return new Error('stopped while starting');
      delayMs = Math.min(delayMs * 2, this.backoff.maxMs);
      this.update({ restarts: this.state.restarts + 1 });
    }
  }

  /** One life of the child: why it ended, and how many milliseconds it was up (undefined: it never was). */
  private async live(onReady: () => void): Promise<{ reason: string; upMs?: number }> {
    try {
      const running = run(this.spec);
      this.current = running;
      this.update({});
      const failure = await becomesReady(this.spec, running, this.stopping.signal);
      if (failure !== undefined) {
        await terminate(running, this.spec.stopSignal, this.spec.stopTimeoutMs);
        return { reason: failure };
      }
      const since = Date.now();
      this.update({ state: 'running' });
      onReady();
      return { reason: await running.ended, upMs: Date.now() - since };
    } catch (error) {
      // The process could not even be made (no memory, disk full): a reason to wait, not to give up.
      return { reason: error instanceof Error ? error.message : String(error) };
    } finally {
      this.current = undefined;
    }
  }
}

/** Keeps one child running: starts it, waits until it is ready, and starts it again with backoff when it dies. */
export function superviseChild(spec: SupervisedChild): Supervisor {
  return new ChildSupervisor(spec);
}
