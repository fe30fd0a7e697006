import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createConnections } from '../../../src/adapters/kubernetes/connections.ts';
import { createDiscovery } from '../../../src/adapters/kubernetes/discovery.ts';
import { jsonLines } from '../../../src/adapters/kubernetes/json-lines.ts';
import { createSessionContext } from '../../../src/adapters/kubernetes/session-context.ts';
import { createTransport } from '../../../src/adapters/kubernetes/transport.ts';
import { watchObjects } from '../../../src/adapters/kubernetes/watch.ts';
import type { ClusterSession, WatchEvent } from '../../../src/domain/cluster.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster, ownCluster, type TestCluster } from '../../support/cluster.ts';
import { type ApiServer, configMap, json, startApiServer } from './support/api-server.ts';
import { type ClusterLab, openClusterLab } from './support/cluster-lab.ts';

const alice = { user: 'alice', groups: ['a'] };
const maps = (namespace: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace });

/** Reads until the predicate holds or the watch ends. */
async function collect(events: AsyncIterable<WatchEvent>, enough: (seen: WatchEvent[]) => boolean): Promise<WatchEvent[]> {
  const seen: WatchEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (enough(seen)) break;
  }
  return seen;
}

const textOf = (event: WatchEvent) => (event.type === 'bookmark' ? 'bookmark' : `${event.type} ${event.object.metadata.name}`);

describeCluster('a watch of a real cluster', () => {
  let lab: ClusterLab;
  let own: TestCluster;
  beforeAll(async () => {
    // Its API server is restarted, so no other test may use it.
    own = await ownCluster();
    lab = await openClusterLab(own);
  }, CLUSTER_TIMEOUT_MS);
  afterAll(async () => {
    await lab.close();
    await own.stop({ purge: true });
  });

  async function begin(session: ClusterSession = lab.admin): Promise<{ namespace: string; resourceVersion: string }> {
    const namespace = await own.namespace();
    for (;;) {
      const { items, resourceVersion } = await session.list(maps(namespace));
      // The cluster's own, which comes soon after the namespace: from here on all that happens is the test's.
      if (items.some(({ metadata }) => metadata.name === 'kube-root-ca.crt')) return { namespace, resourceVersion };
      await sleep(20);
    }
  }

  it('tells what was added, changed and deleted, and nothing of others', async () => {
    const { namespace, resourceVersion } = await begin();
    const label = { labelSelector: 'mine=yes' };
    const events = collect(lab.admin.watch({ ...maps(namespace), ...label }, resourceVersion), (seen) => seen.length === 3);
    const mine = { ...configMap(namespace, 'a'), metadata: { namespace, name: 'a', labels: { mine: 'yes' } } };
    const { metadata } = await lab.admin.apply(mine);
    await lab.admin.apply(configMap(namespace, 'other'));
    await lab.admin.apply({ ...mine, data: { key: 'two' } });
    await lab.admin.delete({ ...maps(namespace), name: 'a' }, { uid: metadata.uid ?? '' });
    expect((await events).map(textOf)).toEqual(['added a', 'modified a', 'deleted a']);
  });

  it('goes on from a bookmark, which tells of changes elsewhere', async () => {
    const other = await own.namespace();
    const { namespace, resourceVersion } = await begin();
    const seen: WatchEvent[] = [];
    const ending = (async () => {
      for await (const event of shortWatch(lab, namespace, resourceVersion)) seen.push(event);
    })();
    await lab.admin.apply(configMap(namespace, 'first'));
    await untilLength(seen, 1);
    const elsewhere = await lab.admin.apply(configMap(other, 'elsewhere'));
    await ending;
    const last = seen.at(-1);
    const from = last?.type === 'bookmark' ? last.resourceVersion : '0';
    expect(new Set(seen.map(textOf))).toEqual(new Set(['added first', 'bookmark']));
    expect(Number(from)).toBeGreaterThanOrEqual(Number(elsewhere.metadata.resourceVersion));
    await lab.admin.apply(configMap(namespace, 'after'));
    expect((await collect(lab.admin.watch(maps(namespace), from), () => true)).map(textOf)).toEqual(['added after']);
  }, 60_000);

  it('fails with watch_expired when the version is older than what the cluster keeps', async () => {
    const { namespace, resourceVersion } = await begin();
    await lab.admin.apply(configMap(namespace, 'a'));
    const now = (await lab.admin.list(maps(namespace))).resourceVersion;
    // A restarted API server with a compacted etcd has forgotten the old versions.
    await own.api.expect('GET', '/readyz');
    await own.restartApiserver();
    const old = collect(lab.admin.watch(maps(namespace), '1'), () => true);
    await expect(old).toFailWith('watch_expired');
    expect(Number(now)).toBeGreaterThan(Number(resourceVersion));
  });

  it('ends with cluster_unavailable when the API server is killed, and goes on from where it was', async () => {
    const { namespace, resourceVersion } = await begin();
    const seen: string[] = [];
    let last = resourceVersion;
    const follow = async () => {
      for await (const event of lab.admin.watch(maps(namespace), last)) {
        last = event.type === 'bookmark' ? event.resourceVersion : (event.object.metadata.resourceVersion ?? last);
        if (event.type !== 'bookmark') seen.push(textOf(event));
        if (seen.length === 2) return;
      }
    };
    const first = follow();
    const failed = expect(first).toFailWith('cluster_unavailable');
    await lab.admin.apply(configMap(namespace, 'one'));
    await untilLength(seen, 1);
    await own.killApiserver();
    await failed;
    await expect(lab.admin.get({ ...maps(namespace), name: 'one' })).toFailWith('cluster_unavailable');
    await own.startApiserver();
    const second = follow();
    await lab.admin.apply(configMap(namespace, 'two'));
    await second;
    expect(seen).toEqual(['added one', 'added two']);
  }, 60_000);

  it('ends at once when the signal is aborted, with its reason, and closes its socket', async () => {
    const { namespace, resourceVersion } = await begin();
    const controller = new AbortController();
    const reason = new Error('cancelled by the step');
    const watching = collect(lab.admin.watch(maps(namespace), resourceVersion, { signal: controller.signal }), () => false);
    setTimeout(() => controller.abort(reason), 100);
    const begun = performance.now();
    await expect(watching).rejects.toBe(reason);
    expect(performance.now() - begun).toBeLessThan(1_500);
  });
});

/** A watch with a short life; the server sends a bookmark 2 s before its end. */
async function* shortWatch(lab: ClusterLab, namespace: string, resourceVersion: string): AsyncGenerator<WatchEvent> {
  const transport = createTransport(createConnections({ file: lab.kubernetes.kubeconfigFor('chandlery') }));
  const session = createSessionContext(lab.admin.identity, transport, createDiscovery(transport));
  yield* watchObjects(session, maps(namespace), resourceVersion, { seconds: 10 });
  transport.close();
}

async function untilLength(list: unknown[], length: number): Promise<void> {
  while (list.length < length) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a watch of a server that misbehaves', () => {
  const servers: ApiServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function start(answer: (response: ServerResponse) => void): Promise<ApiServer> {
    const server = await startApiServer((_request, response) => answer(response));
    servers.push(server);
    return server;
  }
  const watchOf = (server: ApiServer) => server.cluster.as(alice).watch(maps('shop'), '1');
  const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;

  it('reads lines however they are cut into pieces', async () => {
    const server = await start((response) => {
      const text = ['ADDED', 'MODIFIED', 'DELETED'].map((type) => line(type, configMap('shop', 'ü'))).join('\n');
      for (const byte of Buffer.from(text)) response.write(Buffer.of(byte));
      response.end(line('UNKNOWN', {}) + line('BOOKMARK', { metadata: { resourceVersion: '7' } }));
    });
    expect((await collect(watchOf(server), () => false)).map(textOf)).toEqual(['added ü', 'modified ü', 'deleted ü', 'bookmark']);
  });

  it('fails with watch_expired for a 410, as a status and as an event', async () => {
    const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (5)' };
    const asStatus = await start((response) => json(response, 410, gone));
    await expect(collect(watchOf(asStatus), () => false)).toFailWith('watch_expired');
    const asEvent = await start((response) => response.end(line('ERROR', gone)));
    await expect(collect(watchOf(asEvent), () => false)).toFailWith('watch_expired');
  });

  it('fails with too_large for a line that does not end', async () => {
    const server = await start((response) => {
      const piece = Buffer.alloc(1024 * 1024, 'x');
      const more = () => response.write(piece, () => (response.destroyed ? undefined : more()));
      more();
    });
    await expect(collect(watchOf(server), () => false)).toFailWith('too_large');
  });

  it('fails with cluster_unavailable for a line that is not JSON and for a body that breaks off', async () => {
    const nonsense = await start((response) => response.end('nonsense\n'));
    await expect(collect(watchOf(nonsense), () => false)).toFailWith('cluster_unavailable');
    const broken = await start((response) => {
      response.write(line('ADDED', configMap('shop', 'a')), () => response.destroy());
    });
    await expect(collect(watchOf(broken), () => false)).toFailWith('cluster_unavailable');
  });

  it('fails with cluster_unavailable when the server falls silent', async () => {
    const server = await start((response) => void response.write(line('ADDED', configMap('shop', 'a'))));
    const transport = createTransport(createConnections({ file: server.kubeconfig }));
    const opened = await transport.stream({ method: 'GET', path: '/watch' });
    if ('reply' in opened) throw new Error('not a stream');
    const lines = jsonLines(opened.stream, { maxBytes: 1_000, silenceMs: 200 });
    expect((await lines.next()).done).toBe(false);
    await expect(lines.next()).toFailWith('cluster_unavailable');
    transport.close();
  });

  it('leaves no socket behind when the loop is left', async () => {
    const server = await start((response) => void response.write(line('ADDED', configMap('shop', 'a'))));
    await collect(watchOf(server), () => true);
    const before = server.open();
    await new Promise((resolve) => setTimeout(resolve, 100));
    // Only the pooled one, of the discovery, is left.
    expect([before <= 2, server.open()]).toEqual([true, 1]);
  });

  it('takes no socket of the requests', async () => {
    const server = await startApiServer((request, response) => {
      if (request.url?.includes('watch=1')) response.write(line('ADDED', configMap('shop', 'a')));
      else json(response, 200, configMap('shop', 'a'));
    });
    servers.push(server);
    const session = server.cluster.as(alice);
    const watches = Array.from({ length: 10 }, () => session.watch(maps('shop'), '1')[Symbol.asyncIterator]());
    await Promise.all(watches.map((watch) => watch.next()));
    expect(await session.get({ ...maps('shop'), name: 'a' })).toBeDefined();
    await Promise.all(watches.map((watch) => watch.return?.()));
  });
});
