import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { PLUGIN_HOST } from './plugin-host-source.ts';

/** MiB of objects a plugin may hold; past it its process ends, and nothing else. */
const HEAP_MIB = 256;
/** Bytes of one answer: a thousand findings with all their words are a third of it. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Characters of what a plugin has to say about its failure. */
const MAX_MESSAGE = 1_000;

/** Why there is no answer. The words are ours: nothing that the plugin said is in them. */
export class PluginFault extends Error {}

const thrownSchema = z.object({
  code: z.unknown().optional(),
  severity: z.unknown().optional(),
  file: z.unknown().optional(),
  line: z.unknown().optional(),
  recommendation: z.unknown().optional(),
  message: z.string().transform((text) => text.slice(0, MAX_MESSAGE)),
});

/** What a plugin threw, as it came over; nothing in it is trusted, and it may quote what it looked at. */
export class PluginThrew extends Error {
  readonly thrown: z.output<typeof thrownSchema>;

  constructor(thrown: z.output<typeof thrownSchema>) {
    super(thrown.message);
    this.thrown = thrown;
  }
}

const replySchema = z.union([
  z.strictObject({ id: z.int(), value: z.unknown() }),
  z.strictObject({ id: z.int(), error: thrownSchema }),
]);

interface Waiting {
  id: number;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * A process that runs one plugin, and is asked one thing at a time. It ends, and with it what was asked, when there is no answer in time, when
 * the answer is longer than it may be, or by whatever the plugin does to it.
 */
export class PluginProcess {
  readonly #child: ChildProcess;
  readonly #channel: Socket;
  #received: Buffer[] = [];
  #bytes = 0;
  #waiting: Waiting | undefined;
  #next = 1;
  #ended: PluginFault | undefined;

  constructor() {
    // The environment holds secrets that are not its own; what it prints would mix with what this process prints for its caller.
    this.#child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, '-e', PLUGIN_HOST], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: {},
    });
    const channel = this.#child.stdio[3];
    if (!(channel instanceof Socket)) throw new Error('a pipe of a child process is a socket');
    this.#channel = channel;
    channel.on('data', (chunk: Buffer) => this.#receive(chunk));
    channel.on('error', () => this.end('its process broke down'));
    channel.on('close', () => this.end('its process ended by itself, or needed more memory than it may have'));
    this.#child.on('error', () => this.end('its process could not be started'));
    this.#rest();
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Loads the module; answers what it exports, unchecked. Fails with PluginFault and PluginThrew. */
  load(module: string, timeoutMs: number): Promise<unknown> {
    return this.#ask({ load: pathToFileURL(module).href }, timeoutMs);
  }

  /** The answer as it came, unchecked. Fails with PluginFault, PluginThrew, and the signal's reason. */
  call(method: string, args: readonly unknown[], timeoutMs: number, signal?: AbortSignal): Promise<unknown> {
    return this.#ask({ method, args }, timeoutMs, signal);
  }

  /** Ends it at once, whatever it does. */
  end(why: string): void {
    this.#ended ??= new PluginFault(why);
    this.#waiting?.reject(this.#ended);
    this.#child.kill('SIGKILL');
    this.#channel.destroy();
  }

  async #ask(question: object, timeoutMs: number, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#ended) throw this.#ended;
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => {
      this.#waiting = { id, resolve, reject };
    });
    const timer = setTimeout(() => this.end(`it gave no answer within ${timeoutMs} ms`), timeoutMs);
    const onAbort = () => this.end('nobody waited for it any more');
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#channel.ref();
    try {
      this.#channel.write(`${JSON.stringify({ id, ...question })}\n`);
      return await answer;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#waiting = undefined;
      this.#rest();
    }
  }

  /** Nobody has to wait for a process that has nothing to do. */
  #rest(): void {
    this.#child.unref();
    this.#channel.unref();
  }

  #receive(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_ANSWER_BYTES) {
      this.end(`it answered more than ${MAX_ANSWER_BYTES} bytes`);
      return;
    }
    this.#received.push(chunk);
    if (!chunk.includes('\n')) return;
    const line = Buffer.concat(this.#received).toString('utf8');
    this.#received = [];
    this.#bytes = 0;
    this.#settle(line);
  }

  #settle(line: string): void {
    const reply = replySchema.safeParse(jsonOf(line));
    if (!reply.success || reply.data.id !== this.#waiting?.id) this.end('it said something that nobody asked for');
    else if ('error' in reply.data) this.#waiting.reject(new PluginThrew(reply.data.error));
    else this.#waiting.resolve(reply.data.value);
  }
}

/** Undefined for what is not one piece of JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
