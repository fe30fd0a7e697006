import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../../support/cluster.ts';
import { type ApiServer, json, startApiServer } from './support/api-server.ts';
import { type ClusterLab, eventually, openClusterLab } from './support/cluster-lab.ts';

describeCluster('logs', () => {
  let lab: ClusterLab;
  let namespace = '';
  beforeAll(async () => {
    lab = await openClusterLab();
    namespace = await lab.kubernetes.namespace();
    const spec = { containers: [{ name: 'app', image: 'app:1' }] };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name: 'web' }, spec };
    await lab.admin.apply(pod);
    await lab.admin.apply({
      ...pod,
      metadata: { namespace, name: 'waits' },
      spec: { ...spec, nodeSelector: { no: 'such-node' } },
    });
  }, CLUSTER_TIMEOUT_MS);
  afterAll(() => lab.close());

  it('are the last lines of the container', async () => {
    const pod = { namespace, name: 'web', container: 'app' };
    const all = await eventually(async () => (await lab.admin.logs(pod).catch(() => '')) || undefined);
    expect(all).toContain('ready');
    expect(await lab.admin.logs(pod, { tailLines: 1 })).toBe(`${all.trimEnd().split('\n').at(-1)}\n`);
  });

  it('are empty for a pod that is not there, not scheduled, or has no such container', async () => {
    expect(await lab.admin.logs({ namespace, name: 'nobody', container: 'app' })).toBe('');
    expect(await lab.admin.logs({ namespace, name: 'waits', container: 'app' })).toBe('');
    expect(await lab.admin.logs({ namespace, name: 'web', container: 'other' })).toBe('');
  });

  it('fail with forbidden without the right', async () => {
    const session = lab.cluster.as({ user: 'bob', groups: [] });
    await expect(session.logs({ namespace, name: 'web', container: 'app' })).toFailWith('forbidden');
  });
});

describe('exec', () => {
  const servers: ApiServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  const target = { namespace: 'shop', pod: 'web', container: 'app', command: ['sh', '-c', 'echo "$0"', 'ä&b'] };
  const success = { status: 'Success' };
  const exited = (code: number) => ({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });

  /** A WebSocket server behind TLS that speaks these protocols, as the API server does. */
  async function start(protocols: string[], talk: (socket: WebSocket, send: (channel: number, text: string) => void) => void) {
    const seen: { url?: string; groups: string[]; offered: string[] } = { groups: [], offered: [] };
    const api = await startApiServer((_request, response) => json(response, 404, {}));
    servers.push(api);
    const sockets = new WebSocketServer({
      server: api.server as Server,
      handleProtocols: (offered) => {
        seen.offered = [...offered];
        return protocols.find((protocol) => offered.has(protocol)) ?? false;
      },
    });
    sockets.on('connection', (socket, request) => {
      seen.url = request.url ?? '';
      seen.groups = request.rawHeaders.filter((_, index) => request.rawHeaders[index - 1] === 'Impersonate-Group');
      talk(socket, (channel, text) => socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(text)])));
    });
    expect((api.server.address() as AddressInfo).port).toBeGreaterThan(0);
    return { session: api.cluster.as({ user: 'alice', groups: ['a', 'b'] }), seen };
  }
  const v5 = ['v5.channel.k8s.io'];

  it('answers both outputs and the exit code, with every group on a line of its own', async () => {
    const { session, seen } = await start(v5, (_socket, send) => {
      send(1, 'to ');
      send(2, 'oops');
      send(1, 'stdout');
      send(3, JSON.stringify(success));
    });
    expect(await session.exec(target)).toEqual({ stdout: 'to stdout', stderr: 'oops', exitCode: 0 });
    expect(seen.groups).toEqual(['a', 'b']);
    expect(seen.offered).toEqual(v5);
    const url = new URL(seen.url ?? '', 'https://x.example');
    expect(url.pathname).toBe('/api/v1/namespaces/shop/pods/web/exec');
    expect(url.searchParams.getAll('command')).toEqual(target.command);
    expect(url.searchParams.has('stdin')).toBe(false);
  });

  it('gives the exit code of a command that fails as a result', async () => {
    const { session } = await start(v5, (_socket, send) => send(3, JSON.stringify(exited(42))));
    expect((await session.exec(target)).exitCode).toBe(42);
  });

  it('sends stdin and closes it', async () => {
    const { session } = await start(v5, (socket, send) => {
      let input = '';
      socket.on('message', (data: Buffer) => {
        if (data[0] === 0) input += data.subarray(1).toString();
        if (data[0] === 255 && data[1] === 0) {
          send(1, input.toUpperCase());
          send(3, JSON.stringify(success));
        }
      });
    });
    expect((await session.exec({ ...target, stdin: 'hello' })).stdout).toBe('HELLO');
  });

  it('refuses a server that only speaks v4, which cannot close stdin', async () => {
    const { session } = await start(['v4.channel.k8s.io'], (_socket, send) => send(3, JSON.stringify(success)));
    await expect(session.exec(target)).toFailWith('cluster_unfit');
  });

  it('fails with cluster_unavailable when it is cut off, and too_large for endless output', async () => {
    const cut = await start(v5, (socket) => socket.terminate());
    await expect(cut.session.exec(target)).toFailWith('cluster_unavailable');
    const endless = await start(v5, (_socket, send) => {
      for (let count = 0; count < 20; count += 1) send(1, 'x'.repeat(100_000));
    });
    await expect(endless.session.exec(target)).toFailWith('too_large');
  });

  it('ends by its time and by its signal', async () => {
    const { session } = await start(v5, () => undefined);
    await expect(session.exec({ ...target, timeoutMs: 100 })).toFailWith('deadline_exceeded');
    const controller = new AbortController();
    const reason = new Error('cancelled');
    setTimeout(() => controller.abort(reason), 50);
    await expect(session.exec(target, { signal: controller.signal })).rejects.toBe(reason);
  });

  it('fails with what the server says instead of an upgrade', async () => {
    const status = {
      kind: 'Status',
      code: 403,
      message: 'pods "web" is forbidden: User "alice" cannot create resource "pods/exec" in API group "" in the namespace "shop"',
    };
    const server = await startApiServer((_request, response) => json(response, 403, status));
    servers.push(server);
    await expect(server.cluster.as({ user: 'alice', groups: [] }).exec(target)).rejects.toMatchObject({
      code: 'forbidden',
      details: { missing: [{ verb: 'create', group: '', resource: 'pods/exec', namespace: 'shop' }] },
    });
  });
});
