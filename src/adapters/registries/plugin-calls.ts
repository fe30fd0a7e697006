import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { ChandleryError, type ErrorCode } from '../../domain/errors.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import { PluginFailure, PluginProcess } from './plugin-process.ts';

/** The version of the interface that modules are written for. */
const API_VERSION = 1;
const REQUIRED = ['connect', 'search', 'getTemplate'] as const;
/** Codes a plugin may fail with; any other word, and none, is a fault of the plugin. */
const CODES: readonly ErrorCode[] = [
  ...(['template_not_found', 'version_not_found', 'authentication', 'authorization'] as const),
  ...(['registry_unavailable', 'network', 'rate_limit'] as const),
];
/** Characters of a plugin's own words. */
const MAX_MESSAGE = 500;
/** Suggestions of a plugin. */
const MAX_ALTERNATIVES = 10;

export interface PluginLimits {
  /** ms for loading the module and its first connect */
  loadMs: number;
  /** ms for one call, and for one piece of a stream */
  callMs: number;
}

export const PLUGIN_LIMITS: Readonly<PluginLimits> = Object.freeze({ loadMs: 10_000, callMs: 15_000 });

const loadedSchema = z.object({ apiVersion: z.unknown(), functions: z.array(z.string()).max(1_000) });
const pieceSchema = z.object({ done: z.boolean(), value: z.unknown() });

/** The calls of one plugin: loads its module, again after its process has ended, and tells its failures in our words. */
export class PluginCalls {
  readonly #config: RegistryConfig;
  readonly #limits: PluginLimits;
  #process: PluginProcess | undefined;
  #loading: Promise<ReadonlySet<string>> | undefined;

  constructor(config: RegistryConfig, limits: PluginLimits) {
    this.#config = config;
    this.#limits = limits;
  }

  /** Names of the functions the module has. Fails with config_invalid for a module that is none of ours. */
  load(): Promise<ReadonlySet<string>> {
    if (this.#process?.ended) this.#loading = undefined;
    this.#loading ??= this.#load().catch((error: Error) => {
      this.#loading = undefined;
      throw this.#ours(error);
    });
    return this.#loading;
  }

  /** The answer as it came, unchecked. */
  async call(method: string, args: unknown[], signal?: AbortSignal): Promise<unknown> {
    await this.load();
    return this.#ask({ op: 'call', method, args }, signal);
  }

  /** The pieces of a stream that an answer named. */
  async *stream(reference: unknown, signal?: AbortSignal): AsyncGenerator<unknown, void, undefined> {
    const parsed = z.object({ stream: z.int() }).safeParse(reference);
    if (!parsed.success) throw this.invalid('a stream of its answer is none');
    const { stream } = parsed.data;
    let open = true;
    try {
      for (;;) {
        const piece = pieceSchema.safeParse(await this.#ask({ op: 'next', stream }, signal));
        if (!piece.success) throw this.invalid('a piece of a stream is none');
        open = !piece.data.done;
        if (!open) return;
        yield piece.data.value;
      }
    } finally {
      // Not waited for: whoever stopped reading does not care how the plugin takes it.
      if (open) this.#process?.ask({ op: 'return', stream }, this.#limits.callMs).catch(() => undefined);
    }
  }

  /** The plugin answered something else than it must. */
  invalid(what: string): ChandleryError {
    const { name } = this.#config;
    return new ChandleryError('registry_invalid', `Registry ${name}: its plugin is not to be relied on: ${what}`, {
      registry: name,
    });
  }

  async close(): Promise<void> {
    this.#process?.close();
  }

  async #load(): Promise<ReadonlySet<string>> {
    const { name, type, url, credentials, module = '' } = this.#config;
    const child = new PluginProcess(pathToFileURL(module).href);
    this.#process = child;
    try {
      const loaded = loadedSchema.safeParse(await child.ask({ op: 'load' }, this.#limits.loadMs));
      const functions = new Set(loaded.data?.functions);
      const wrong = problemOf(loaded.data?.apiVersion, functions);
      if (wrong) throw new ChandleryError('config_invalid', `${module} is no plugin for this server: ${wrong}`);
      // Before anything else is asked, as reference 2 has it.
      const config = { name, type, ...(url && { url }), ...(credentials && { credentials }) };
      await child.ask({ op: 'call', method: 'connect', args: [config] }, this.#limits.loadMs);
      return functions;
    } catch (error) {
      child.close();
      throw error;
    }
  }

  async #ask(question: Parameters<PluginProcess['ask']>[0], signal: AbortSignal | undefined): Promise<unknown> {
    const child = this.#process;
    if (!child) throw this.invalid('it was not loaded');
    try {
      return await child.ask(question, this.#limits.callMs, signal);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw this.#ours(error);
    }
  }

  /** In our words, with the registry's name. */
  #ours(error: unknown): unknown {
    const { name: registry } = this.#config;
    if (error instanceof ChandleryError)
      return new ChandleryError(error.code, `Registry ${registry}: ${error.message}`, { registry });
    if (!(error instanceof PluginFailure)) return error;
    const code = CODES.find((candidate) => candidate === error.code);
    const said = error.message.slice(0, MAX_MESSAGE);
    if (code === undefined) return this.invalid(`it failed: ${said}`);
    const { retryAfterMs, alternatives } = error.more;
    const names = Array.isArray(alternatives) ? alternatives.filter((item) => typeof item === 'string') : [];
    return new ChandleryError(code, `Registry ${registry}: ${said}`, {
      registry,
      ...(typeof retryAfterMs === 'number' && retryAfterMs > 0 && retryAfterMs < Number.MAX_SAFE_INTEGER && { retryAfterMs }),
      ...(names.length > 0 && { alternatives: names.slice(0, MAX_ALTERNATIVES) }),
    });
  }
}

/** Why a module is no plugin of this version; undefined when it is one. */
function problemOf(apiVersion: unknown, functions: ReadonlySet<string>): string | undefined {
  if (apiVersion !== API_VERSION) {
    const found = apiVersion === undefined ? 'no version' : `version ${JSON.stringify(apiVersion)?.slice(0, 50)}`;
    return `it names ${found} of the interface; export const apiVersion = ${API_VERSION}`;
  }
  const missing = REQUIRED.filter((method) => !functions.has(method));
  return missing.length > 0 ? `it lacks ${missing.join(', ')}` : undefined;
}
