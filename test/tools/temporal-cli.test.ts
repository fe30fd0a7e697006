import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { goToolPath } from '../../tools/go-tool.ts';
import { acquireTemporalCli } from '../../tools/temporal-cli.ts';
import { temporaryDirectory } from '../embedded/support/processes.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let silent: Server | undefined;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  silent?.close();
  silent = undefined;
  await directory.remove();
});

async function program(file: string, answer: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${answer}\n`, { mode: 0o755 });
}

async function acquire(env: Record<string, string> = {}): Promise<string> {
  return acquireTemporalCli({ cacheDir: directory.path, env: { PATH: join(directory.path, 'bin'), ...env }, log: () => {} });
}

const onPath = (): string => join(directory.path, 'bin', 'temporal');
const inCache = (): string => goToolPath({ cacheDir: directory.path, name: 'temporal', version: 'v1.5.1' });

/** An address that takes connections and never says a word. */
async function silentAddress(): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => {}));
  silent = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('acquireTemporalCli', () => {
  it('takes the program on PATH first', async () => {
    await program(onPath(), 'echo temporal version 1.2.3');
    await program(inCache(), 'echo temporal version 1.5.1');
    expect(await acquire()).toBe('temporal');
  });

  it('takes the cached program when the one on PATH does not work', async () => {
    await program(onPath(), 'exit 1');
    await program(inCache(), 'echo temporal version 1.5.1');
    expect(await acquire()).toBe(inCache());
  });

  describe('when there is no way to get one', () => {
    it('fails with tool_unavailable after 10 s of silence, and names every way', async () => {
      const attempt = acquire({ HTTPS_PROXY: await silentAddress() });
      await expect(attempt).toFailWith('tool_unavailable');
      await expect(attempt).rejects.toThrow(
        /`temporal` on PATH.*the cached program.*there is no go command on PATH.*no byte in 10 s.*TEMPORAL_ADDRESS/s,
      );
    });
  });
});
