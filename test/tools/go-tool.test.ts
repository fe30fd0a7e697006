import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { acquireGoTool, type GoToolOptions, goToolPath } from '../../tools/go-tool.ts';
import { killHard, processesNaming, runScript, temporaryDirectory, until } from '../embedded/support/processes.ts';

/** A small command; with an empty build cache of its own it takes seconds, because Go's library is compiled first. */
const HELLO = { name: 'hello', module: 'golang.org/x/example/hello', version: 'v0.0.0-20250915201037-7f05d217867b' };
const BUILD_TIMEOUT_MS = 180_000;
const SCRIPT = '../../tools/support/acquire-tool.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let lines: string[];
beforeEach(async () => {
  directory = await temporaryDirectory();
  lines = [];
});
afterEach(() => directory.remove());

const options = (change: Partial<GoToolOptions> = {}): GoToolOptions => ({
  ...HELLO,
  cacheDir: join(directory.path, 'cache'),
  env: process.env,
  log: (line) => lines.push(line),
  ...change,
});
const slowly = (): Record<string, string | undefined> => ({ ...process.env, GOCACHE: join(directory.path, 'gocache') });
const toolsLeft = async (): Promise<string[]> =>
  (await readdir(join(directory.path, 'cache', 'tools'))).filter((name) => name !== '.locks');
const run = async (program: string): Promise<string> => (await promisify(execFile)(program)).stdout;

describe('acquireGoTool', () => {
  it(
    'builds a program once for all who ask at the same time',
    async () => {
      const paths = await Promise.all([1, 2, 3].map(() => acquireGoTool(options())));
      expect(new Set(paths)).toEqual(new Set([goToolPath(options())]));
      expect(await run(paths[0] ?? '')).toBe('Hello, world!\n');
      expect(lines.filter((line) => line.startsWith('built'))).toHaveLength(1);
      expect(lines.filter((line) => line.startsWith('waiting for process'))).toHaveLength(2);
      expect(await toolsLeft()).toEqual([`hello-${HELLO.version}`]);
    },
    BUILD_TIMEOUT_MS,
  );

  it(
    'shares the build of another process',
    async () => {
      const { child } = await runScript(SCRIPT, JSON.stringify({ ...options(), env: undefined, log: undefined }), slowly());
      const program = await acquireGoTool(options());
      expect(await run(program)).toBe('Hello, world!\n');
      expect(lines.filter((line) => line.startsWith('built'))).toHaveLength(0);
      await until(() => child.exitCode === 0);
    },
    BUILD_TIMEOUT_MS,
  );

  it(
    'builds a module of our own from its folder',
    async () => {
      const folder = join(directory.path, 'own');
      await mkdir(folder);
      await writeFile(join(folder, 'go.mod'), 'module example.test/own\n\ngo 1.21\n');
      await writeFile(join(folder, 'main.go'), 'package main\n\nfunc main() { println("own") }\n');
      const program = await acquireGoTool(options({ name: 'own', module: 'own', version: '1', directory: folder }));
      expect((await promisify(execFile)(program)).stderr).toBe('own\n');
    },
    BUILD_TIMEOUT_MS,
  );

  it(
    'stops on abort and leaves nothing',
    async () => {
      const abort = new AbortController();
      const building = acquireGoTool(
        options({ env: slowly(), signal: abort.signal, log: () => setTimeout(() => abort.abort(), 700) }),
      );
      await expect(building).toFailWith('cancelled');
      expect(await toolsLeft()).toEqual([]);
      await until(async () => (await processesNaming(join(directory.path, 'gocache'))).length === 0);
    },
    BUILD_TIMEOUT_MS,
  );

  it(
    'ends the build of a killed builder, and the next one starts afresh',
    async () => {
      const builder = await runScript(SCRIPT, JSON.stringify({ ...options(), env: undefined, log: undefined }), slowly());
      await until(async () => (await processesNaming(join(directory.path, 'gocache'))).length > 1);
      await killHard(builder.child);
      await until(async () => (await processesNaming(join(directory.path, 'gocache'))).length === 0);
      expect(await toolsLeft()).toEqual([expect.stringMatching(/^\.draft-/)]);
      expect(await run(await acquireGoTool(options()))).toBe('Hello, world!\n');
      expect(await toolsLeft()).toEqual([`hello-${HELLO.version}`]);
    },
    BUILD_TIMEOUT_MS,
  );

  describe('without a go command', () => {
    it('fails with tool_unavailable and says what to install', async () => {
      const attempt = acquireGoTool(options({ env: { PATH: directory.path } }));
      await expect(attempt).toFailWith('tool_unavailable');
      await expect(attempt).rejects.toThrow('Install Go');
      expect(await toolsLeft()).toEqual([]);
    });
  });

  describe('when the build fails', () => {
    it(
      'fails with tool_unavailable and the last lines of go',
      async () => {
        const folder = join(directory.path, 'own');
        await mkdir(folder);
        await writeFile(join(folder, 'go.mod'), 'module example.test/own\n\ngo 1.21\n');
        await writeFile(join(folder, 'main.go'), 'package main\n\nfunc main() { undefinedWord() }\n');
        const attempt = acquireGoTool(options({ name: 'own', module: 'own', version: '1', directory: folder }));
        await expect(attempt).toFailWith('tool_unavailable');
        await expect(attempt).rejects.toThrow('undefined: undefinedWord');
        expect(await toolsLeft()).toEqual([]);
      },
      BUILD_TIMEOUT_MS,
    );
  });
});
