import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createCheckRegistry, createListRegistries } from '../../activities/check-registry.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createGuardedClient, type GuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createChandleryRegistry } from '../../src/adapters/registries/chandlery-http.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { RegistryCheck } from '../../src/domain/health.ts';
import type { RegistryKind, RegistryPlugin } from '../../src/domain/registry.ts';
import { type RegistryServer, startRegistryServer } from '../../src/registry.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { createRegistryFolder, type RegistryFolder } from '../support/registry-folder.ts';

const QUIET = new DefaultLogger('ERROR', () => undefined);
type Row = Omit<RegistryCheck, 'at'>;

let folder: RegistryFolder;
let server: RegistryServer;
let proxy: FaultProxy;
let client: GuardedClient;

beforeAll(async () => {
  folder = await createRegistryFolder([{ name: 'web', version: '1.0.0' }]);
  server = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'main', templatesDir: folder.dir });
  proxy = await startFaultProxy({ target: server.url });
  client = createGuardedClient({ development: true, allow: [] });
});
afterAll(async () => {
  await client.close();
  await proxy.close();
  await server.close();
  await folder.remove();
});

function depsOf(plugins: RegistryPlugin[], rows: Map<string, Row>, isStoreAway = false): ActivityDeps {
  return {
    registries: {
      all: plugins,
      get(name: string) {
        const found = plugins.find((plugin) => plugin.name === name);
        if (!found) throw new ChandleryError('registry_not_found', `no registry ${name}`);
        return found;
      },
    },
    transport: client,
    store: {
      health: {
        async record(registry: string, row: Row) {
          if (isStoreAway) throw new ChandleryError('store_unavailable', 'away');
          rows.set(registry, row);
        },
      },
    },
  } as unknown as ActivityDeps;
}

const registry = () => createChandleryRegistry({ name: 'main', kind: 'chandlery', type: 'community', url: proxy.url }, client);

async function check(plugin: RegistryPlugin, isStoreAway = false) {
  const rows = new Map<string, Row>();
  const activity = createCheckRegistry(depsOf([plugin], rows, isStoreAway));
  const run = () => new MockActivityEnvironment({ attempt: 1 }, { logger: QUIET }).run(activity, plugin.name);
  return { result: await run(), row: rows.get(plugin.name) };
}

describe('the check of a registry', () => {
  it('writes down that it answers, how fast, and how much of what', async () => {
    proxy.setFaults([]);
    const { result, row } = await check(registry());
    expect(result).toEqual({ ok: true });
    expect(row).toMatchObject({ ok: true, latencyMs: expect.any(Number) });
    expect(row?.bytes).toBeGreaterThan(50);
    expect(row?.bytesPerSecond).toBeGreaterThan(0);
  });

  it.each([
    [{ kind: 'status', status: 503 }, 'registry_unavailable'],
    [{ kind: 'status', status: 401 }, 'authentication'],
    [{ kind: 'status', status: 429 }, 'rate_limit'],
    [{ kind: 'reset' }, 'registry_unavailable'],
    [{ kind: 'garbage', body: '<html>', contentType: 'text/html' }, 'registry_invalid'],
  ] as const)('%j is a result: %s', async (fault, code) => {
    proxy.setFaults([fault]);
    const { result, row } = await check(registry());
    expect(result).toEqual({ ok: false, code });
    expect(row).toMatchObject({ ok: false, code, message: expect.stringContaining('127.0.0.1') });
  });

  it('tells a slow one by its throughput', async () => {
    proxy.setFaults([{ kind: 'throttle', bytesPerSecond: 2_000 }]);
    const { row } = await check(registry());
    expect(row?.bytesPerSecond).toBeLessThan(4_000);
  });

  it('fails, to be tried again, when it cannot be written down', async () => {
    proxy.setFaults([]);
    await expect(check(registry(), true)).rejects.toMatchObject({ type: 'store_unavailable', nonRetryable: false });
  });

  it('ends with its worker, whatever the plugin does', async () => {
    const deaf = { ...registry(), connect: () => new Promise<never>(() => undefined) };
    const environment = new MockActivityEnvironment({ attempt: 1 }, { logger: QUIET });
    const running = environment.run(createCheckRegistry(depsOf([deaf], new Map())), 'main');
    setTimeout(() => environment.cancel('CANCELLED'), 50);
    await expect(running).rejects.toThrow();
  });
});

describe('the registries that are checked', () => {
  it('are all but pack catalogs, which must not be polled', async () => {
    const plugins = (['oci', 'helmdeck', 'chandlery'] as RegistryKind[]).map((kind) => ({ ...registry(), kind, name: kind }));
    const list = createListRegistries(depsOf(plugins, new Map()));
    expect(await new MockActivityEnvironment({ attempt: 1 }, { logger: QUIET }).run(list)).toEqual(['chandlery', 'oci']);
  });
});
