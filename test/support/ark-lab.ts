import type { AddressInfo } from 'node:net';
import { createSourceClient } from '../../src/adapters/http/source-client.ts';
import { createSourceFetcher, SOURCE_TIMEOUTS } from '../../src/adapters/http/source-fetcher.ts';
import { createCluster } from '../../src/adapters/kubernetes/index.ts';
import { createMetrics } from '../../src/adapters/metrics/prometheus.ts';
import { createStore } from '../../src/adapters/store/index.ts';
import { type AppDeps, createApp } from '../../src/api/app.ts';
import { createInstalledCache } from '../../src/api/installed-cache.ts';
import { openApiDocument } from '../../src/api/openapi.ts';
import type { AuditEntry, Identity, TokenGrant } from '../../src/domain/store.ts';
import { ApiClient } from '../../tools/lab/api-client.ts';
import { sharedCluster, type TestCluster } from './cluster.ts';
import { noPacks } from './no-packs.ts';
import { CheckedClient } from './openapi-check.ts';
import { startEmbedded } from './postgres.ts';
import { type SourceServer, startSourceServer } from './source-server.ts';

/** The API on a real cluster and a real store; operations and registries, which these paths never touch, are not there. */

export interface ArkLab {
  cluster: TestCluster;
  /** A client who is this user. Every answer is held against the document. */
  as(identity: Identity, grant?: TokenGrant): Promise<CheckedClient>;
  /** The same user at a server without a cluster. */
  clusterless(identity: Identity): Promise<CheckedClient>;
  /** The data of a namespace's ConfigMap as it is in the cluster; undefined when there is none. */
  data(namespace: string): Promise<Record<string, string> | undefined>;
  /** Who owns which keys: `manager/operation` to keys. */
  owners(namespace: string): Promise<Record<string, string[]>>;
  /** Writes keys as somebody with kubectl would. */
  byHand(namespace: string, data: Record<string, string | null>): Promise<void>;
  logged: string[];
  audited: AuditEntry[];
  close(): Promise<void>;
}

/** `ca`: PEM of an authority for https servers of the test; `allow`: as CHANDLERY_OUTBOUND_ALLOW. */
export async function openArkLab(options: { ca?: string; allow?: string[] } = {}): Promise<ArkLab> {
  const [cluster, postgres] = await Promise.all([sharedCluster(), startEmbedded()]);
  const store = createStore({ url: postgres.url, onIdleError: () => undefined });
  await store.migrate();
  const logged: string[] = [];
  const audited: AuditEntry[] = [];
  const log = (fields: Record<string, unknown>, message: string) => {
    const { err } = fields;
    logged.push(`${message} ${JSON.stringify(fields)} ${err instanceof Error ? err.stack : ''}`);
  };
  const kubernetes = createCluster({ kubeconfig: { file: cluster.kubeconfigFor('chandlery') } });
  const installed = createInstalledCache(store);
  const client = createSourceClient({
    allow: options.allow ?? [],
    timeouts: SOURCE_TIMEOUTS,
    ...(options.ca !== undefined && { ca: options.ca }),
  });
  const limits = { stepAttempts: 1, retryInitialMs: 1, operationMs: 1 };
  const deps = {
    store: {
      ...store,
      audit: {
        append: (entry: AuditEntry) => {
          audited.push(entry);
          return store.audit.append(entry);
        },
      },
    },
    local: { name: 'local' },
    installed,
    limits,
    deployLimits: limits,
    packs: noPacks(),
    sourceFetcher: createSourceFetcher(client),
    registryRead: 'token' as const,
    metrics: createMetrics(),
    checks: {},
    stopping: new AbortController().signal,
    log: { info: log, warn: log, error: log },
    // The rest is for other paths.
  } as unknown as AppDeps;
  const servers = [createApp({ ...deps, cluster: kubernetes }), createApp(deps)].map((app) => app.listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const [url = '', clusterlessUrl = ''] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  let made = 0;
  const clientFor = async (at: string, identity: Identity, grant?: TokenGrant) => {
    made += 1;
    const token = `token-${made}`;
    await store.tokens.add(token, token, identity, grant);
    return new CheckedClient(new ApiClient(at, token), JSON.parse(JSON.stringify(openApiDocument())));
  };
  const path = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/marketplace-sources`;
  return {
    cluster,
    logged,
    audited,
    as: (identity, grant) => clientFor(url, identity, grant),
    clusterless: (identity) => clientFor(clusterlessUrl, identity),
    async data(namespace) {
      const { status, body } = await cluster.api.request('GET', path(namespace));
      return status === 404 ? undefined : ((body as { data?: Record<string, string> }).data ?? {});
    },
    async owners(namespace) {
      const { metadata } = (await cluster.api.expect('GET', path(namespace))) as { metadata: { managedFields: ManagedFields[] } };
      return Object.fromEntries(
        metadata.managedFields.map(({ manager, operation, fieldsV1 }) => [
          `${manager}/${operation}`,
          Object.keys(fieldsV1['f:data'] ?? {})
            .filter((key) => key !== '.')
            .map((key) => key.slice(2)),
        ]),
      );
    },
    async byHand(namespace, data) {
      const { status } = await cluster.api.request('GET', path(namespace));
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'marketplace-sources' }, data };
      if (status === 404) await cluster.api.expect('POST', `/api/v1/namespaces/${namespace}/configmaps`, object);
      else
        await cluster.api.expect(
          'PATCH',
          `${path(namespace)}?fieldManager=kubectl-edit`,
          { data },
          'application/merge-patch+json',
        );
    },
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      installed.close();
      await Promise.all([client.close(), kubernetes.close(), store.close()]);
      await postgres.close();
    },
  };
}

/** The lab with a server of source documents that it may call, and Ann, who edits the sources of a namespace. */
export interface ArkSources extends ArkLab {
  server: SourceServer;
  ann: CheckedClient;
  namespace: string;
}

export async function openArkSources(): Promise<ArkSources> {
  const server = await startSourceServer();
  const lab = await openArkLab({ ca: server.ca, allow: ['localhost'] });
  return {
    ...lab,
    server,
    ann: await lab.as({ user: 'ann', groups: [] }),
    namespace: await lab.cluster.namespace('ann'),
    async close() {
      await lab.close();
      await server.close();
    },
  };
}

interface ManagedFields {
  manager: string;
  operation: string;
  fieldsV1: Record<string, Record<string, unknown>>;
}
