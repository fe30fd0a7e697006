import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCluster, type KubernetesCluster } from '../../../../src/adapters/kubernetes/index.ts';
import { makeCertificate } from '../../../../src/adapters/secret-maker/certificate.ts';

/** A TLS server of its own on loopback that answers as told: for what a real API server cannot be made to do. */
export interface ApiServer {
  server: ReturnType<typeof createServer>;
  url: string;
  /** Path of a kubeconfig for it, token `test-token`. */
  kubeconfig: string;
  cluster: KubernetesCluster;
  /** Connections so far. */
  connections(): number;
  /** Connections that are open. */
  open(): number;
  close(): Promise<void>;
}

export interface ApiServerOptions {
  /** More lines of the kubeconfig's cluster, or others instead. */
  clusterFields?: Record<string, unknown>;
  user?: Record<string, unknown>;
  /** False: `/api/v1` is left to the answers too. */
  discovery?: boolean;
}

export async function startApiServer(answer: RequestListener, options: ApiServerOptions = {}): Promise<ApiServer> {
  const { certificate, key } = await makeCertificate({ cluster: 'local', namespace: 'default', name: 'api' });
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ cert: certificate, key }, (request, response) => {
    if (options.discovery === false || !answerDiscovery(request, response)) answer(request, response);
  });
  server.on('secureConnection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const directory = mkdtempSync(join(tmpdir(), 'chandlery-kubeconfig-'));
  const kubeconfig = join(directory, 'config');
  const caData = Buffer.from(certificate).toString('base64');
  writeFileSync(
    kubeconfig,
    kubeconfigText({ server: url, 'certificate-authority-data': caData, ...options.clusterFields }, options.user),
  );
  const cluster = createCluster({ kubeconfig: { file: kubeconfig } });
  return {
    server,
    url,
    kubeconfig,
    cluster,
    connections: () => connections,
    open: () => sockets.size,
    async close() {
      await cluster.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true });
    },
  };
}

export function kubeconfigText(
  cluster: Record<string, unknown>,
  user: Record<string, unknown> = { token: 'test-token' },
): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}

const CORE_KINDS = [
  { name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs: [] },
  { name: 'secrets', kind: 'Secret', namespaced: true, verbs: [] },
  { name: 'pods', kind: 'Pod', namespaced: true, verbs: [] },
];

function answerDiscovery(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.url !== '/api/v1') return false;
  json(response, 200, { kind: 'APIResourceList', groupVersion: 'v1', resources: CORE_KINDS });
  return true;
}

export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** A ConfigMap; `data.key` holds the value. */
export function configMap(namespace: string, name: string, value = 'one') {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: { key: value } };
}
