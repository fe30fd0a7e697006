import { type ChildProcess, spawn } from 'node:child_process';
import { z } from 'zod';
import { ChandleryError } from '../../domain/errors.ts';
import { PLUGIN_HOST } from './plugin-host-source.ts';

/** MiB of objects a plugin may hold; past it its process ends, and nothing else. */
const HEAP_MIB = 256;
/** ms to answer whether the process still turns, after one of its calls was given up. */
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

const replySchema = z.object({
  id: z.int(),
  value: z.unknown().optional(),
  error: z
    .object({
      message: z.string(),
      code: z.unknown().optional(),
      retryAfterMs: z.unknown().optional(),
      alternatives: z.unknown().optional(),
    })
    .optional(),
});

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
 * A process that runs one plugin. A plugin that throws fails the call; one that never answers fails it after its time; one that blocks its
 * process, ends it or runs out of memory fails what was open, and the next call gets a new process.
 */
export class PluginProcess {
  readonly #module: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #ended: ChandleryError | undefined;

  constructor(module: string) {
    this.#module = module;
    // What it prints would mix with what this process prints for its caller; the environment holds secrets that are not its own.
    this.#child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, '-e', PLUGIN_HOST, module], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
      env: {},
    });
    this.#child.on('message', (reply) => this.#settle(reply));
    this.#child.on('error', () => this.#end('its process could not be started'));
    this.#child.on('exit', () => this.#end(`it ended by itself, or needed more than ${HEAP_MIB} MiB`));
    this.#rest();
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
      this.#child.channel?.ref();
      this.#send({ ...question, id });
      return await answer;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#waiting.delete(id);
      this.#rest();
    }
  }

  close(): void {
    this.#end('it was closed');
    this.#child.kill('SIGKILL');
  }

  #send(message: object): void {
    // Without a listener of its own a failure would be an error of the process; that it has ended is heard all the same.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Nobody has to wait for a process that has nothing to do. */
  #rest(): void {
    if (this.#waiting.size > 0) return;
    this.#child.unref();
    this.#child.channel?.unref();
  }

  #settle(reply: unknown): void {
    // The module has the channel as well, and may say anything there.
    const { success, data } = replySchema.safeParse(reply);
    const waiting = success ? this.#waiting.get(data.id) : undefined;
    if (!success || !waiting) return;
    if (data.error === undefined) waiting.resolve(data.value);
    else waiting.reject(new PluginFailure(data.error.message, data.error.code, data.error));
  }

  #giveUp(id: number, why: Error): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    waiting.reject(why);
    this.#send({ op: 'abort', id });
    // A promise that never settles harms nobody else; a process that does not turn any more does.
    if (this.#ping === undefined) this.#ping = this.#check();
  }

  #ping: Promise<void> | undefined;

  async #check(): Promise<void> {
    const id = this.#next++;
    const timer = setTimeout(() => this.close(), PING_MS).unref();
    await new Promise<unknown>((resolve) => {
      this.#waiting.set(id, { resolve, reject: resolve });
      this.#send({ op: 'ping', id });
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
