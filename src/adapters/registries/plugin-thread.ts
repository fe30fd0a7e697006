import { Worker } from 'node:worker_threads';
import { ChandleryError } from '../../domain/errors.ts';
import { PLUGIN_HOST } from './plugin-host-source.ts';

/** MiB of objects a plugin may hold; past it the thread ends, and nothing else. */
const HEAP_MIB = 256;
/** ms to answer whether the thread still turns, after one of its calls was given up. */
const PING_MS = 1_000;

/** What a plugin threw, as it came over; nothing in it is trusted. */
export class PluginFailure extends Error {
  constructor(
    message: string,
    readonly code: unknown,
    readonly more: { retryAfterMs?: unknown; alternatives?: unknown },
  ) {
    super(message);
  }
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface Question {
  op: 'load' | 'call' | 'next' | 'return' | 'ping';
  method?: string;
  args?: unknown[];
  stream?: number;
}

/**
 * A thread that runs one plugin. A plugin that throws fails the call; one that never answers fails it after its time; one that blocks the
 * thread, ends it or runs out of memory fails what was open, and the next call gets a new thread.
 */
export class PluginThread {
  readonly #module: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #ended: ChandleryError | undefined;

  constructor(module: string) {
    this.#module = module;
    // What it prints would mix with what this process prints for its caller; the environment holds secrets that are not its own.
    const options = { eval: true, workerData: { module }, stdout: true, stderr: true, env: {}, execArgv: [] };
    this.#worker = new Worker(PLUGIN_HOST, { ...options, resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB } });
    this.#worker.unref();
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on('message', (reply: { id: number; value?: unknown; error?: PluginFailure }) => this.#settle(reply));
    this.#worker.on('error', (error: Error) => this.#end(`it broke down: ${error.message}`));
    this.#worker.on('exit', () => this.#end('it ended by itself'));
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Fails with PluginFailure for what the plugin threw, registry_unavailable when there is no answer in time, and the signal's reason. */
  async ask(question: Question, timeoutMs: number, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#ended) throw this.#ended;
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const late = new ChandleryError('registry_unavailable', `the plugin gave no answer within ${timeoutMs} ms`);
    const timer = setTimeout(() => this.#giveUp(id, late), timeoutMs);
    const onAbort = () => this.#giveUp(id, signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      this.#worker.postMessage({ ...question, id });
      return await answer;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#waiting.delete(id);
    }
  }

  async close(): Promise<void> {
    this.#end('it was closed');
    await this.#worker.terminate();
  }

  #settle({ id, value, error }: { id: number; value?: unknown; error?: PluginFailure }): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (error === undefined) waiting.resolve(value);
    else waiting.reject(new PluginFailure(String(error.message), error.code, error as never));
  }

  #giveUp(id: number, why: Error): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    waiting.reject(why);
    this.#worker.postMessage({ op: 'abort', id });
    // A promise that never settles harms nobody else; a thread that does not turn any more does.
    if (this.#ping === undefined) this.#ping = this.#check();
  }

  #ping: Promise<void> | undefined;

  async #check(): Promise<void> {
    const id = this.#next++;
    const timer = setTimeout(() => void this.close(), PING_MS).unref();
    await new Promise<unknown>((resolve) => {
      this.#waiting.set(id, { resolve, reject: resolve });
      this.#worker.postMessage({ op: 'ping', id });
    });
    clearTimeout(timer);
    this.#waiting.delete(id);
    this.#ping = undefined;
  }

  #end(why: string): void {
    this.#ended ??= new ChandleryError('registry_unavailable', `the plugin ${this.#module} does not run: ${why}`);
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}
