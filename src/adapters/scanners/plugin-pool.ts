import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { createTurns } from '../../domain/in-turn.ts';
import { PluginFault, PluginProcess } from './plugin-process.ts';

/** The version of the interface that modules are written for. */
const API_VERSION = 1;
/** Archives that one plugin looks at side by side; each is a process of its own. */
const MOST = 4;
/** ms after which a process that nobody asks is ended; it holds some 45 MiB. */
const IDLE_MS = 60_000;
/** Hex digits of the module's digest that a version shows. */
const DIGEST_DIGITS = 12;

export interface PluginLimits {
  /** ms for starting the process and loading the module */
  loadMs: number;
  /** ms for one call */
  callMs: number;
}

const loadedSchema = z.object({
  apiVersion: z.literal(API_VERSION, `it must export apiVersion = ${API_VERSION}`),
  version: z.string('it must export its version as a text').min(1).max(50),
  functions: z.array(z.string()).max(1_000),
});

/** A module as a process has loaded it. */
export interface LoadedPlugin {
  /** What it says of itself. */
  version: string;
  functions: ReadonlySet<string>;
  process: PluginProcess;
  /** Of the module's own file. */
  digest: string;
}

/**
 * The processes of one module. Each looks at one archive at a time, so that whatever happens to it is that archive's; one is kept for the next. A
 * module that was changed is loaded anew.
 */
export class PluginPool {
  readonly #module: string;
  readonly #limits: PluginLimits;
  readonly #turns = createTurns(MOST);
  readonly #all = new Set<PluginProcess>();
  #idle: LoadedPlugin | undefined;
  #timer: NodeJS.Timeout | undefined;
  #known: { digest: string; version: string } | undefined;

  constructor(module: string, limits: PluginLimits) {
    this.#module = module;
    this.#limits = limits;
  }

  /** The module's version with the digest of its file. Only a module that nobody has loaded yet needs a process for it. */
  async version(): Promise<{ shown: string; exact: string }> {
    const digest = await this.#digest();
    if (this.#known?.digest !== digest) await this.use(async () => undefined);
    const { version: shown, digest: of } = this.#known ?? { version: '', digest };
    return { shown, exact: `${shown}+${of}` };
  }

  /** A process that does nothing else meanwhile. One that failed is not used again. Fails as the work does, and with PluginFault or PluginThrew. */
  use<T>(work: (plugin: LoadedPlugin) => Promise<T>): Promise<T> {
    return this.#turns(async () => {
      const plugin = await this.#take();
      try {
        const result = await work(plugin);
        this.#keep(plugin);
        return result;
      } catch (error) {
        plugin.process.end('it failed');
        throw error;
      } finally {
        if (plugin.process.ended) this.#all.delete(plugin.process);
      }
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const process of this.#all) process.end('it was closed');
    this.#all.clear();
  }

  async #take(): Promise<LoadedPlugin> {
    const idle = this.#idle;
    this.#idle = undefined;
    clearTimeout(this.#timer);
    const digest = await this.#digest();
    if (idle && idle.digest === digest && !idle.process.ended) return idle;
    if (idle) this.#drop(idle);
    return await this.#load(digest);
  }

  async #load(digest: string): Promise<LoadedPlugin> {
    const process = new PluginProcess();
    this.#all.add(process);
    try {
      const loaded = loadedSchema.safeParse(await process.load(this.#module, this.#limits.loadMs));
      if (!loaded.success) throw new PluginFault(`its module cannot be used: ${loaded.error.issues[0]?.message ?? ''}`);
      const { version, functions } = loaded.data;
      this.#known = { digest, version };
      return { version, functions: new Set(functions), process, digest };
    } catch (error) {
      process.end('it could not be loaded');
      this.#all.delete(process);
      throw error;
    }
  }

  #keep(plugin: LoadedPlugin): void {
    if (this.#idle) {
      this.#drop(plugin);
      return;
    }
    this.#idle = plugin;
    this.#timer = setTimeout(() => {
      if (this.#idle !== plugin) return;
      this.#idle = undefined;
      this.#drop(plugin);
    }, IDLE_MS).unref();
  }

  #drop({ process }: LoadedPlugin): void {
    process.end('it was closed');
    this.#all.delete(process);
  }

  async #digest(): Promise<string> {
    try {
      return createHash('sha256')
        .update(await readFile(this.#module))
        .digest('hex')
        .slice(0, DIGEST_DIGITS);
    } catch (error) {
      throw new PluginFault('its module cannot be read', { cause: error });
    }
  }
}
