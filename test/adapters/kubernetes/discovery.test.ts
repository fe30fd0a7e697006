import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LIMITS } from '../../../src/adapters/kubernetes/limits.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../../support/cluster.ts';
import { type ApiServer, configMap, json, startApiServer } from './support/api-server.ts';
import { type ClusterLab, eventually, openClusterLab } from './support/cluster-lab.ts';

const alice = { user: 'alice', groups: ['a'] };
const widgets = { group: 'shop.example', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };

describe('discovery', () => {
  const servers: ApiServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  /** Serves `shop.example/v1` with what `kinds` answers; the paths asked for are collected. */
  async function start(kinds: () => string[], delayMs = 0) {
    const asked: string[] = [];
    const headers: unknown[] = [];
    const server = await startApiServer((request, response) => {
      asked.push(request.url ?? '');
      headers.push(request.headers['impersonate-user']);
      const resources = kinds().map((kind) => ({ name: `${kind.toLowerCase()}s`, kind, namespaced: true }));
      const scale = { name: 'widgets/scale', kind: 'Scale', namespaced: true };
      setTimeout(() => {
        if (request.url === '/apis/shop.example/v1') json(response, 200, { resources: [...resources, scale] });
        else if (request.url?.includes('/widgets/')) json(response, 200, configMap('shop', 'a'));
        else response.writeHead(404).end('404 page not found');
      }, delayMs);
    });
    servers.push(server);
    return { ...server, asked, headers };
  }

  it('is asked once for all sessions, also when they ask at the same time, and as ourselves', async () => {
    const { cluster, asked, headers } = await start(() => ['Widget', 'Gadget'], 20);
    const sessions = [cluster.as(alice), cluster.as({ user: 'bob', groups: [] })];
    const kinds = ['Widget', 'Gadget', 'Widget', 'Scale'];
    const types = await Promise.all(
      sessions.flatMap((session) => kinds.map((kind) => session.resourceType('shop.example/v1', kind))),
    );
    expect(types[0]).toEqual(widgets);
    expect(types.map((type) => type?.plural)).toEqual([
      'widgets',
      'gadgets',
      'widgets',
      undefined,
      'widgets',
      'gadgets',
      'widgets',
      undefined,
    ]);
    expect(asked).toEqual(['/apis/shop.example/v1']);
    expect(headers).toEqual([undefined]);
  });

  it('is not asked again for each request', async () => {
    const { cluster, asked } = await start(() => ['Widget']);
    const ref = { apiVersion: 'shop.example/v1', kind: 'Widget', namespace: 'shop', name: 'a' };
    for (let count = 0; count < 3; count += 1) await cluster.as(alice).get(ref);
    expect(asked.filter((path) => path === '/apis/shop.example/v1')).toHaveLength(1);
  });

  it('remembers that a kind is missing only for a moment', async () => {
    let kinds: string[] = [];
    const { cluster, asked } = await start(() => kinds);
    const session = cluster.as(alice);
    expect(await session.resourceType('shop.example/v1', 'Widget')).toBeUndefined();
    expect(await session.resourceType('other.example/v1', 'Widget')).toBeUndefined();
    kinds = ['Widget'];
    expect(await session.resourceType('shop.example/v1', 'Widget')).toBeUndefined();
    expect(asked).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, LIMITS.discoveryMissMs + 50));
    expect(await session.resourceType('shop.example/v1', 'Widget')).toEqual(widgets);
  });

  it('ends one caller by its signal without ending the others', async () => {
    const { cluster } = await start(() => ['Widget'], 200);
    const session = cluster.as(alice);
    const controller = new AbortController();
    const reason = new Error('one caller left');
    const left = session.resourceType('shop.example/v1', 'Widget', { signal: controller.signal });
    const stayed = session.resourceType('shop.example/v1', 'Widget');
    controller.abort(reason);
    await expect(left).rejects.toBe(reason);
    expect(await stayed).toEqual(widgets);
  });

  it('fails, and remembers nothing, when the server cannot serve it now', async () => {
    let status = 503;
    const server = await startApiServer((_request, response) => {
      json(response, status, { resources: [{ name: 'widgets', kind: 'Widget', namespaced: true }] });
    });
    servers.push(server);
    const session = server.cluster.as(alice);
    await expect(session.resourceType('shop.example/v1', 'Widget')).toFailWith('cluster_unavailable');
    status = 200;
    expect(await session.resourceType('shop.example/v1', 'Widget')).toEqual(widgets);
  });
});

describeCluster('discovery of a real cluster', () => {
  let lab: ClusterLab;
  beforeAll(async () => {
    lab = await openClusterLab();
  }, CLUSTER_TIMEOUT_MS);
  afterAll(() => lab.close());

  it('finds built-in kinds, and a kind that comes with a CustomResourceDefinition', async () => {
    expect(await lab.admin.resourceType('apps/v1', 'Deployment')).toEqual({
      group: 'apps',
      version: 'v1',
      kind: 'Deployment',
      plural: 'deployments',
      namespaced: true,
    });
    expect(await lab.admin.resourceType('v1', 'Namespace')).toEqual(
      expect.objectContaining({ plural: 'namespaces', namespaced: false }),
    );
    const group = 'k-discovery.example';
    expect(await lab.admin.resourceType(`${group}/v1`, 'Gizmo')).toBeUndefined();
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await lab.admin.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `gizmos.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'gizmos', singular: 'gizmo', kind: 'Gizmo', listKind: 'GizmoList' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    const type = await eventually(() => lab.admin.resourceType(`${group}/v1`, 'Gizmo'));
    expect(type).toEqual({ group, version: 'v1', kind: 'Gizmo', plural: 'gizmos', namespaced: true });
    const metadata = { namespace: await lab.kubernetes.namespace(), name: 'one' };
    const gizmo = await lab.admin.apply({ apiVersion: `${group}/v1`, kind: 'Gizmo', metadata, spec: { size: 3 } });
    expect(gizmo.spec).toEqual({ size: 3 });
  });
});
