import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ChandleryError } from '../../domain/errors.ts';
import type { AddressPolicy } from '../http/address-policy.ts';
import { type GitRemote, openAccess } from './access.ts';
import { localEnvironment } from './environment.ts';
import { gitFailure, tooLarge } from './failures.ts';
import { GIT_LIMITS } from './limits.ts';
import { type GitResult, runGit } from './process.ts';
import { parseRefs, type RemoteRefs } from './refs.ts';
import { BATCH_OVERHEAD, parseBatch, parseTree, type TreeEntry } from './tree.ts';

export interface MirrorOptions {
  remote: GitRemote;
  policy: AddressPolicy;
  /** The folder of this process's mirrors; made when first asked for. Fails when git cannot be used. */
  home(): Promise<string>;
  /** One fetch, bytes (default GIT_LIMITS.packBytes). */
  packBytes?: number | undefined;
  /** Where git and ssh are looked for, instead of the system's folders. */
  searchPath?: string | undefined;
}

/**
 * A bare, shallow copy of one repository that holds the commits asked for. Files are read from git's objects and never checked out, so
 * that nothing in the repository (attributes, filters, links, hooks, submodules) has a meaning.
 */
export class Mirror {
  #dir: string | undefined;
  readonly #held = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();
  readonly #path: Record<string, string>;

  constructor(readonly options: MirrorOptions) {
    this.#path = options.searchPath === undefined ? {} : { PATH: options.searchPath };
  }

  /** Lets one caller at a time fetch and read. One that waits ends at once when it is aborted. */
  exclusive<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    let isRunning = false;
    const result = this.#turn.then(() => {
      signal?.throwIfAborted();
      isRunning = true;
      return work();
    });
    this.#turn = result.catch(() => undefined);
    if (!signal) return result;
    return new Promise((resolve, reject) => {
      // What runs is ended by whoever runs it, and cleans up behind itself.
      const onAbort = () => void (isRunning || reject(signal.reason));
      signal.addEventListener('abort', onAbort, { once: true });
      void result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  /** Asks the repository for its branches and tags. */
  async refs(signal?: AbortSignal): Promise<RemoteRefs> {
    const cwd = await this.options.home();
    const args = ['ls-remote', '--', this.options.remote.url, 'HEAD', 'refs/heads/*', 'refs/tags/*'];
    const limits = { maxOutputBytes: GIT_LIMITS.refsBytes, timeoutMs: GIT_LIMITS.listMs };
    const { stdout } = await this.#remote({ args, cwd, ...limits }, signal);
    return parseRefs(stdout.toString('utf8'));
  }

  /** Makes the objects and everything below them readable here. Only within `exclusive`. */
  async fetch(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#held.has(id));
    if (missing.length === 0) return;
    if (this.#dir !== undefined && sum(await packSizes(this.#dir)) > GIT_LIMITS.mirrorBytes) await this.drop();
    const cwd = await this.#open(signal);
    const args = [
      '--git-dir=.',
      'fetch',
      '--quiet',
      '--depth=1',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
      '--end-of-options',
    ];
    const specs = missing.map((id) => `${id}:refs/held/${id}`);
    const limits = { maxOutputBytes: GIT_LIMITS.stderrBytes, timeoutMs: GIT_LIMITS.fetchMs };
    try {
      await this.#remote({ args: [...args, this.options.remote.url, ...specs], cwd, ...limits }, signal);
    } catch (error) {
      const isFull = await this.#isFull(cwd);
      // Locks and half a pack file lie there now.
      await this.drop();
      throw isFull ? tooLarge(this.options.remote) : error;
    }
    for (const id of missing) this.#held.add(id);
  }

  /** The folder's own object id and everything in it; undefined when there is none. Only within `exclusive`, after `fetch`. */
  async tree(id: string, folder: string, signal?: AbortSignal): Promise<{ id: string; entries: TreeEntry[] } | undefined> {
    const name = folder === '' ? `${id}^{tree}` : `${id}:${folder}`;
    const check = await this.#read(['cat-file', '--batch-check'], `${name}\n`, 4096, signal);
    const [, treeId] = /^([0-9a-f]{40,64}) tree /.exec(check.toString('latin1')) ?? [];
    if (treeId === undefined) return undefined;
    const listed = await this.#read(['ls-tree', '-r', '-t', '-z', '-l', '--full-tree', treeId], '', GIT_LIMITS.treeBytes, signal);
    return { id: treeId, entries: parseTree(listed, this.options.remote.registry) };
  }

  /** The content of these files, by object id. The caller has added up their sizes. Only within `exclusive`, after `fetch`. */
  async files(entries: readonly TreeEntry[], signal?: AbortSignal): Promise<Map<string, Buffer>> {
    const unique = [...new Map(entries.map((entry) => [entry.id, entry])).values()];
    if (unique.length === 0) return new Map();
    const ids = unique.map(({ id }) => id);
    const bytes = unique.reduce((total, { size }) => total + size + BATCH_OVERHEAD, 0);
    const answer = await this.#read(['cat-file', '--batch'], `${ids.join('\n')}\n`, bytes, signal);
    return parseBatch(answer, ids, this.options.remote.registry);
  }

  /** Removes what was fetched; the next fetch begins anew. */
  async drop(): Promise<void> {
    const dir = this.#dir;
    this.#dir = undefined;
    this.#held.clear();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  }

  /** git does not tell that the kernel stopped the one of its processes that writes; the file does. */
  async #isFull(dir: string): Promise<boolean> {
    const limit = this.options.packBytes ?? GIT_LIMITS.packBytes;
    return (await packSizes(dir)).some((size) => size >= limit);
  }

  async #open(signal?: AbortSignal): Promise<string> {
    if (this.#dir !== undefined) return this.#dir;
    const dir = await mkdtemp(join(await this.options.home(), 'mirror-'));
    this.#dir = dir;
    await this.#read(['init', '--quiet', '--bare', '--template=', '.'], '', 4096, signal);
    return dir;
  }

  async #read(args: readonly string[], input: string, maxOutputBytes: number, signal?: AbortSignal): Promise<Buffer> {
    const cwd = await this.#open(signal);
    const run = {
      args: ['--git-dir=.', ...args],
      cwd,
      env: { ...localEnvironment(), ...this.#path },
      input,
      maxOutputBytes,
      timeoutMs: GIT_LIMITS.localMs,
      signal,
    };
    return this.#checked(await runGit(run)).stdout;
  }

  async #remote(run: Pick<Parameters<typeof runGit>[0], 'args' | 'cwd' | 'maxOutputBytes' | 'timeoutMs'>, signal?: AbortSignal) {
    signal?.throwIfAborted();
    const { remote, policy, home, packBytes } = this.options;
    const access = await openAccess(remote, policy, await home());
    try {
      return this.#checked(await runGit({ ...run, env: { ...access.env, ...this.#path }, packBytes, signal }));
    } catch (error) {
      throw withRegistry(error, remote.registry);
    } finally {
      await access.release();
    }
  }

  #checked(result: GitResult): GitResult {
    const { url, registry } = this.options.remote;
    if (result.exitCode === 0) return result;
    throw gitFailure(result, url, registry);
  }
}

function withRegistry(error: unknown, registry: string): unknown {
  if (!(error instanceof ChandleryError) || error.details.registry !== undefined) return error;
  return new ChandleryError(error.code, error.message, { ...error.details, registry }, { cause: error });
}

/** Of the pack files, which is where fetches put everything; bytes. */
async function packSizes(dir: string): Promise<number[]> {
  const folder = join(dir, 'objects', 'pack');
  const names = await readdir(folder).catch(() => []);
  const sizeOf = (name: string) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    );
  return Promise.all(names.map(sizeOf));
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
