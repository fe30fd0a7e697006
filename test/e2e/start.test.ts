import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { startRegistryServer } from '../../src/registry.ts';
import { ApiClient } from '../../tools/lab/api-client.ts';
import type { Child } from '../../tools/lab/child.ts';
import { startChild } from '../../tools/lab/child.ts';
import { processesNaming, temporaryDirectory, until } from '../embedded/support/processes.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import type { RegistryFolder } from '../support/registry-folder.ts';
import { createRegistryFolder } from '../support/registry-folder.ts';
import { SHOP } from '../support/shop-lab.ts';

const SCRIPT = join(PACKAGE_ROOT, 'dist', 'src', 'start.js');

describe('npm start', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let folder: RegistryFolder;
  let registry: FaultProxy;
  let server: Awaited<ReturnType<typeof startRegistryServer>>;
  let running: Child | undefined;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    folder = await createRegistryFolder(SHOP);
    server = await startRegistryServer({ port: 0, host: '127.0.0.1', templatesDir: folder.dir, name: 'main' });
    registry = await startFaultProxy({ target: server.url });
    const registries = { registries: [{ name: 'main', type: 'community', url: registry.url }] };
    await writeFile(join(directory.path, 'registries.yaml'), JSON.stringify(registries));
  });

  afterAll(async () => {
    await running?.kill();
    // A killed server's children outlive it until the next start; here there is none.
    for (const line of await processesNaming(directory.path)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    await registry.close();
    await server.close();
    await folder.remove();
    await directory.remove();
  }, 60_000);

  async function start(): Promise<{ child: Child; client: ApiClient; tokenFile: string }> {
    const env = {
      ...process.env,
      CHANDLERY_ENV: 'development',
      CHANDLERY_PORT: '0',
      CHANDLERY_DATA_DIR: join(directory.path, 'data'),
      CHANDLERY_REGISTRIES: join(directory.path, 'registries.yaml'),
    };
    const child = await startChild({ script: SCRIPT, env, ready: 'ready ', logFile: join(directory.path, 'log') });
    running = child;
    const [, url = '', word, tokenFile = ''] = child.readyLine.split(' ');
    expect(word).toBe('token-file');
    return { child, client: new ApiClient(url, (await readFile(tokenFile, 'utf8')).trim()), tokenFile };
  }

  it('serves built-in templates at once, and keeps the admin token to its owner', async () => {
    const { child, client, tokenFile } = await start();
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
    const ready = await client.get('/readyz');
    const parts = ready.body.parts.map((part: { name: string; ok: boolean }) => `${part.name} ${part.ok}`);
    expect(parts.sort()).toEqual(['engine true', 'postgres true', 'store true', 'temporal true']);
    const id = await client.install('first', 'redis');
    expect(await client.ended(id)).toMatchObject({ state: 'succeeded', result: { registry: 'local' } });
    expect(await child.stop()).toEqual({ code: 0, signal: null });
  }, 120_000);

  it('leaves no process behind when it is stopped, and a second start on its data is refused', async () => {
    const { child } = await start();
    const second = start();
    await expect(second).rejects.toThrow(/ended before it was ready/);
    await until(async () =>
      /data_directory_in_use: .*in use by process \d+/.test(await readFile(join(directory.path, 'log'), 'utf8')),
    );
    running = child;
    await child.stop();
    expect(await processesNaming(join(directory.path, 'data'))).toEqual([]);
  }, 120_000);

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'resumes a running operation after %s and a new start',
    async (signal) => {
      const namespace = `resumed-${signal.toLowerCase()}`;
      registry.setFaults([{ kind: 'delay', ms: 4_000, path: '/archive', times: 1 }]);
      const first = await start();
      const id = await first.client.install(namespace, 'main/docs', { force: true });
      await first.client.waitFor(id, (operation) => operation.step === 'download' || operation.endedAt !== undefined);
      if (signal === 'SIGKILL') await first.child.kill();
      else await first.child.stop();
      registry.setFaults([]);

      const { child, client, tokenFile } = await start();
      expect(client.token).toBe((await readFile(tokenFile, 'utf8')).trim());
      expect(await client.ended(id, 30_000)).toMatchObject({ state: 'succeeded' });
      await child.stop();
      expect(await processesNaming(join(directory.path, 'data'))).toEqual([]);
    },
    120_000,
  );
});
