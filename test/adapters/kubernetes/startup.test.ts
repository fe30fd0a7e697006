import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { WatchEvent } from '../../../src/domain/cluster.ts';
import { type ApiServer, json, startApiServer } from './support/api-server.ts';

describe('a refusal', () => {
  let server: ApiServer | undefined;
  afterEach(() => server?.close());

  const alice = { user: 'alice', groups: [] };
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'one' };
  const cannot =
    'configmaps "one" is forbidden: User "alice" cannot get resource "configmaps" in API group "" in the namespace "shop"';
  const denied = { kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403, message: cannot };

  const resources = [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs: [] }];

  /** Refuses every object and review; `/api/v1` is answered once, and then, like `/readyz`, with this status. */
  async function start(open: number, ready: number) {
    let known = false;
    const answer: RequestListener = ({ url = '' }, response) => {
      if (url === '/readyz') return json(response, ready, {});
      if (url.includes('/selfsubject')) return json(response, 201, { status: { allowed: false } });
      if (url !== '/api/v1') return json(response, 403, denied);
      json(response, known ? open : 200, { resources });
      known = true;
    };
    server = await startApiServer(answer, { discovery: false });
    const session = server.cluster.as(alice);
    await session.resourceType('v1', 'ConfigMap');
    return session;
  }

  async function firstOf(events: AsyncIterable<WatchEvent>): Promise<WatchEvent | undefined> {
    for await (const event of events) return event;
    return undefined;
  }

  it('of a server that is ready stands', async () => {
    const session = await start(200, 200);
    await expect(session.get(ref)).toFailWith('forbidden');
    expect(await session.mayI([{ verb: 'get', group: '', resource: 'pods' }])).toEqual([false]);
  });

  it.each([
    ['knows no rules yet', 403, 403],
    ['knows some rules', 200, 500],
  ])('of a server that %s is cluster_unavailable', async (_what, open, ready) => {
    const session = await start(open, ready);
    await expect(session.get(ref)).toFailWith('cluster_unavailable');
    await expect(session.list(ref)).toFailWith('cluster_unavailable');
    await expect(firstOf(session.watch(ref, '1'))).toFailWith('cluster_unavailable');
    await expect(session.mayI([{ verb: 'get', group: '', resource: 'pods' }])).toFailWith('cluster_unavailable');
  });

  it.each([403, 404])('of a server whose readiness is not told (%d) stands', async (status) => {
    const session = await start(200, status);
    await expect(session.get(ref)).toFailWith('forbidden');
  });
});
