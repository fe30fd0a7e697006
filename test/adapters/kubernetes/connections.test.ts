import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createCluster } from '../../../src/adapters/kubernetes/index.ts';
import { type ApiServer, json, startApiServer } from './support/api-server.ts';

const servers: ApiServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Takes only this token. */
async function start(goodToken: () => string, options?: Parameters<typeof startApiServer>[1]): Promise<ApiServer> {
  const server = await startApiServer((request, response) => {
    if (request.headers.authorization === `Bearer ${goodToken()}`) json(response, 200, { gitVersion: 'v1' });
    else json(response, 401, { kind: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
  }, options);
  servers.push(server);
  return server;
}

describe('credentials', () => {
  it('that are refused fail with cluster_unavailable, and are read anew for the next request', async () => {
    const server = await start(() => 'new-token');
    await expect(server.cluster.version()).rejects.toMatchObject({
      code: 'cluster_unavailable',
      message: expect.stringContaining("does not accept Chandlery's credential"),
    });
    writeFileSync(server.kubeconfig, readFileSync(server.kubeconfig, 'utf8').replace('test-token', 'new-token'));
    expect(await server.cluster.version()).toBe('v1');
  });

  it('of a token file are read anew after a refusal', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'chandlery-token-'));
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, 'one\n');
    let good = 'one';
    const server = await start(() => good, { user: { tokenFile } });
    expect(await server.cluster.version()).toBe('v1');
    good = 'two';
    writeFileSync(tokenFile, 'two\n');
    await expect(server.cluster.version()).toFailWith('cluster_unavailable');
    expect(await server.cluster.version()).toBe('v1');
    rmSync(directory, { recursive: true });
  });

  it('are asked of a plugin once for many requests at the same time', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'chandlery-plugin-'));
    const credential = JSON.stringify({ kind: 'ExecCredential', status: { token: 'one' } });
    const script = `echo run >> ${join(directory, 'runs')}; printf '%s' '${credential}'`;
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] };
    const server = await start(() => 'one', { user: { exec } });
    await Promise.all(Array.from({ length: 5 }, () => server.cluster.version()));
    expect(readFileSync(join(directory, 'runs'), 'utf8')).toBe('run\n');
    rmSync(directory, { recursive: true });
  });

  it('of a plugin that hangs fail with cluster_unavailable within the request timeout', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sleep', args: ['4'] };
    const server = await start(() => 'one', { user: { exec } });
    await expect(server.cluster.version()).toFailWith('cluster_unavailable');
  });
});

describe('a connection', () => {
  it('without verification is warned of, once', async () => {
    const server = await start(() => 'test-token', { clusterFields: { 'insecure-skip-tls-verify': true } });
    const warnings: string[] = [];
    const log = { warn: (_fields: object, message: string) => void warnings.push(message) };
    const cluster = createCluster({ kubeconfig: { file: server.kubeconfig }, log });
    await cluster.version();
    await cluster.version();
    expect(warnings).toEqual([expect.stringContaining('insecure-skip-tls-verify')]);
    await cluster.close();
  });

  it('is gone when the cluster is closed, with the requests on their way', async () => {
    const server = await startApiServer(() => undefined);
    servers.push(server);
    const waiting = expect(server.cluster.version()).toFailWith('cluster_unavailable');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.cluster.close();
    await waiting;
    expect(server.open()).toBe(0);
  });

  it('cannot be had where nothing is configured', async () => {
    await expect(createCluster({ kubeconfig: {} }).version()).toFailWith('cluster_unavailable');
  });
});
