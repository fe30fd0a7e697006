import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createChandleryRegistry } from '../../src/adapters/registries/chandlery-http.ts';
import { DEFAULT_ARCHIVE_LIMITS } from '../../src/domain/archive.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import type { RegistryPlugin } from '../../src/domain/registry.ts';
import { activityOptions } from '../../workflows/activity-options.ts';
import { type ActivityLab, openActivityLab } from '../support/activity-lab.ts';

/** A registry of the real protocol whose archives are not what an archive should be: without end, or hardly coming at all. */

const DIGEST = `sha256:${'0'.repeat(64)}`;
const PIECE = Buffer.alloc(1024 * 1024, 7);
/** Between two bytes that only just come, milliseconds; far below what the client takes for silence. */
const DRIP_MS = 50;
/** What the client takes for silence here, milliseconds. */
const SILENCE_MS = 300;
/** A whole exchange here, milliseconds. */
const TOTAL_MS = 1_000;

let server: Server;
let url: string;
let client: GuardedClient;
let lab: ActivityLab;
/** Bytes of archives that were sent. */
let sent = 0;

const ANSWERS: Record<string, (response: ServerResponse) => void> = {
  endless(response) {
    const more = () => {
      while (!response.destroyed) {
        sent += PIECE.length;
        if (!response.write(PIECE)) return void response.once('drain', more);
      }
    };
    more();
  },
  silent(response) {
    response.write(PIECE);
  },
  slow(response) {
    const timer = setInterval(() => response.write('x'), DRIP_MS);
    response.once('close', () => clearInterval(timer));
  },
};

function answer(path: string, response: ServerResponse): void {
  const [, name = '', part] = /templates\/(\w+)(?:\/([\w.]+))?/.exec(path) ?? [];
  if (path.includes('/archive')) {
    response.writeHead(200, { 'content-type': 'application/x-tar' });
    ANSWERS[name]?.(response);
    return;
  }
  const version = { version: '1.0.0', digest: DIGEST, size: 10_240, dependencies: [] };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(part === 'versions' ? { versions: [version] } : { templates: [], total: 0 }));
}

beforeAll(async () => {
  server = createServer((request, response) => answer(request.url ?? '', response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = createGuardedClient({ development: true, allow: [], timeouts: { bodyIdle: SILENCE_MS } });
  const registry: RegistryPlugin = createChandleryRegistry({ name: 'r', kind: 'chandlery', type: 'community', url }, client);
  lab = await openActivityLab(registry);
}, 60_000);

afterAll(async () => {
  await lab?.close();
  await client?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
}, 60_000);

describe('attack: an endless archive', () => {
  it('is cut off at the limit, and nothing of it is stored or installed', async () => {
    await expect(lab.install('endless', 'endless')).rejects.toMatchObject({ type: 'too_large' });
    // What was on its way, and what is kept in buffers on both sides, besides.
    expect(sent).toBeLessThan(DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes * 1.1);
    expect(await lab.store.blobs.has(DIGEST)).toBe(false);
    expect(await lab.store.installs.list(LOCAL_CLUSTER, 'endless')).toEqual([]);
  }, 180_000);
});

describe('attack: a slow archive', () => {
  it('that says nothing any more is given up, to be tried again', async () => {
    await expect(lab.install('silent', 'silent')).rejects.toMatchObject({ type: 'network' });
    expect(await lab.store.installs.list(LOCAL_CLUSTER, 'silent')).toEqual([]);
  }, 60_000);

  it('that comes a byte now and then is given up when the time of the whole is over', async () => {
    const startedAt = performance.now();
    const { body } = await client.request({ url: `${url}/templates/slow/archive`, timeoutMs: TOTAL_MS });
    await expect(async () => {
      for await (const _bytes of body);
    }).toFailWith('network');
    expect(performance.now() - startedAt).toBeGreaterThan(SILENCE_MS);
  }, 60_000);

  it('holds a step no longer than its time, however often it is tried', () => {
    const limits = { stepAttempts: 3, retryInitialMs: 1_000, operationMs: 60 * 60_000 };
    const { startToCloseTimeout, scheduleToCloseTimeout } = activityOptions('download', limits);
    expect([startToCloseTimeout, scheduleToCloseTimeout]).toEqual([20 * 60_000, 45 * 60_000]);
  });
});
