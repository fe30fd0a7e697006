import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createCluster } from '../../../src/adapters/kubernetes/index.ts';
import { LIMITS } from '../../../src/adapters/kubernetes/limits.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { type ApiServer, type ApiServerOptions, configMap, json, kubeconfigText, startApiServer } from './support/api-server.ts';

const started: ApiServer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

async function start(answer: RequestListener, options?: ApiServerOptions): Promise<ApiServer> {
  const server = await startApiServer(answer, options);
  started.push(server);
  return server;
}

const alice = { user: 'alice', groups: ['a', 'b'] };
const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'one' };

async function failureOf(work: Promise<unknown>): Promise<ChandleryError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ChandleryError) return error;
  throw new Error(`expected a ChandleryError, got ${String(error)}`);
}

describe('a request', () => {
  it('carries the user, every group on a line of its own, and our credential', async () => {
    let seen: string[] = [];
    const { cluster } = await start((request, response) => {
      seen = request.rawHeaders;
      json(response, 200, configMap('shop', 'one'));
    });
    await cluster.as({ user: 'jürgen', groups: ['a', 'b, c'] }).get(ref);
    const values = (name: string) => seen.filter((_, index) => index % 2 === 1 && seen[index - 1] === name);
    expect(values('Impersonate-Group')).toEqual(['a', 'b, c']);
    expect(values('Impersonate-User').map((value) => Buffer.from(value, 'latin1').toString('utf8'))).toEqual(['jürgen']);
    expect(values('Authorization')).toEqual(['Bearer test-token']);
  });

  it('uses its connections again, at most eight of them', async () => {
    const server = await start((_request, response) => {
      setTimeout(() => json(response, 200, configMap('shop', 'one')), 5);
    });
    const session = server.cluster.as(alice);
    await Promise.all(Array.from({ length: 40 }, () => session.get(ref)));
    await session.get(ref);
    expect(server.connections()).toBeLessThanOrEqual(LIMITS.sockets);
  });
});

describe('a server that does not answer', () => {
  it('fails with cluster_unavailable within the request timeout, over TLS', async () => {
    const { cluster } = await start(() => undefined);
    const begun = performance.now();
    const error = await failureOf(cluster.as(alice).get(ref));
    expect(error.code).toBe('cluster_unavailable');
    expect(error.retryable).toBe(true);
    expect(error.message).toContain('did not answer within 3 s');
    expect(performance.now() - begun).toBeLessThan(LIMITS.requestMs + 800);
  });

  it('fails with cluster_unavailable when it stops in the middle of the body', async () => {
    const { cluster } = await start((_request, response) => {
      response.writeHead(200).write('{"kind":');
    });
    await expect(cluster.as(alice).get(ref)).toFailWith('cluster_unavailable');
  });

  it('fails with cluster_unavailable when TLS never begins', async () => {
    const silent = createServer((socket) => void socket.resume());
    const { cluster, close } = await clusterAt(silent);
    await expect(cluster.version()).toFailWith('cluster_unavailable');
    await close();
  });

  it('stops at once when the signal is aborted, with its reason', async () => {
    const server = await start(() => undefined);
    const reason = new Error('heartbeat lost');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    const begun = performance.now();
    await expect(server.cluster.as(alice).get(ref, { signal: controller.signal })).rejects.toBe(reason);
    expect(performance.now() - begun).toBeLessThan(1_000);
    await expect(server.cluster.as(alice).get(ref, { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('a broken answer', () => {
  it('fails with cluster_unavailable when the connection is refused or reset', async () => {
    const reset = createServer((socket) => socket.destroy());
    const { cluster, close } = await clusterAt(reset);
    const error = await failureOf(cluster.version());
    expect(error.code).toBe('cluster_unavailable');
    await close();
    expect((await failureOf(cluster.version())).message).toContain('refused');
  });

  it('fails with cluster_unavailable when the body breaks off', async () => {
    const { cluster } = await start((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"kind":', () => response.destroy());
    });
    await expect(cluster.as(alice).get(ref)).toFailWith('cluster_unavailable');
  });

  it('fails with cluster_unavailable when it is not JSON', async () => {
    const { cluster } = await start((_request, response) => response.end('<html>a login page</html>'));
    await expect(cluster.as(alice).get(ref)).toFailWith('cluster_unavailable');
  });

  it('is not read past the bound of one object', async () => {
    const { cluster } = await start((_request, response) => {
      const piece = Buffer.alloc(1024 * 1024, ' ');
      const more = () => response.write(piece, () => (response.destroyed ? undefined : more()));
      response.writeHead(200);
      more();
    });
    await expect(cluster.as(alice).get(ref)).toFailWith('too_large');
  });

  it('keeps only so much of an error', async () => {
    const { cluster } = await start((_request, response) =>
      json(response, 400, { kind: 'Status', message: 'x'.repeat(100_000) }),
    );
    const error = await failureOf(cluster.as(alice).get(ref));
    expect(error.code).toBe('object_invalid');
    expect(error.message.length).toBeLessThan(3_000);
  });
});

describe('a server that cannot serve now', () => {
  it.each([
    [429, { 'retry-after': '7' }, 7_000],
    [503, { 'retry-after': '2' }, 2_000],
    [500, {}, undefined],
    [504, {}, undefined],
  ])('fails with cluster_unavailable for %d', async (status, headers, retryAfterMs) => {
    const { cluster } = await start((_request, response) =>
      json(
        response,
        status,
        { kind: 'Status', message: 'busy', reason: 'InternalError', code: status },
        headers as Record<string, string>,
      ),
    );
    const error = await failureOf(cluster.as(alice).apply(configMap('shop', 'one')));
    expect([error.code, error.details.retryAfterMs, error.details.upstreamStatus]).toEqual([
      'cluster_unavailable',
      retryAfterMs,
      status,
    ]);
  });

  it('asks once: nothing is tried again here', async () => {
    let asked = 0;
    const { cluster } = await start((_request, response) => {
      asked += 1;
      json(response, 503, {});
    });
    await expect(cluster.as(alice).apply(configMap('shop', 'one'))).toFailWith('cluster_unavailable');
    expect(asked).toBe(1);
  });
});

describe('a certificate', () => {
  it('of another authority is refused', async () => {
    const server = await start((_request, response) => json(response, 200, { gitVersion: 'v1' }));
    const other = await start(() => undefined);
    const stranger = await start(() => undefined, { clusterFields: { server: server.url } });
    expect(other.url).not.toBe(server.url);
    const error = await failureOf(stranger.cluster.version());
    expect([error.code, error.message.includes('TLS')]).toEqual(['cluster_unavailable', true]);
  });

  it('is not looked at with insecure-skip-tls-verify, as with kubectl', async () => {
    const server = await start((_request, response) => json(response, 200, { gitVersion: 'v1' }));
    const clusterFields = { server: server.url, 'insecure-skip-tls-verify': true, 'certificate-authority-data': undefined };
    const careless = await start(() => undefined, { clusterFields });
    expect(await careless.cluster.version()).toBe('v1');
  });

  it('is checked against tls-server-name where that is set', async () => {
    const server = await start((_request, response) => json(response, 200, { gitVersion: 'v1' }), {
      clusterFields: { 'tls-server-name': 'other.example' },
    });
    const error = await failureOf(server.cluster.version());
    expect(error.message).toContain('another host');
  });
});

/** A cluster at a plain TCP server. */
async function clusterAt(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const directory = mkdtempSync(join(tmpdir(), 'chandlery-kubeconfig-'));
  const file = join(directory, 'config');
  writeFileSync(file, kubeconfigText({ server: `https://127.0.0.1:${(server.address() as AddressInfo).port}` }));
  const cluster = createCluster({ kubeconfig: { file } });
  const close = async () => {
    await cluster.close();
    rmSync(directory, { recursive: true });
    await new Promise((resolve) => server.close(resolve));
  };
  return { cluster, close };
}
