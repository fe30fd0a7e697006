import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type ApiServer, startApiServer } from './support/api-server.ts';

/** What a real API server says to real tokens: test/e2e/token-review.test.ts. Here: answers that one cannot be made to give. */

let server: ApiServer;
const seen: Array<{ path: string | undefined; impersonates: boolean; body: unknown }> = [];

afterEach(async () => {
  seen.length = 0;
  await server.close();
});

async function answering(status: number, body: unknown): Promise<ApiServer> {
  server = await startApiServer(async (request: IncomingMessage, response) => {
    const sent = await text(request);
    if (request.method === 'POST')
      seen.push({ path: request.url, impersonates: 'impersonate-user' in request.headers, body: JSON.parse(sent) });
    response.writeHead(request.method === 'POST' ? status : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  return server;
}

const reviewed = (status: object) => answering(201, { kind: 'TokenReview', status });
const ANN = { username: 'ann', groups: ['devs'], uid: '1', extra: { note: ['x'] } };

describe('reviewToken', () => {
  it('asks as the server itself, and takes user and groups', async () => {
    const { cluster } = await reviewed({ authenticated: true, user: ANN });
    expect(await cluster.reviewToken('a-token', [])).toEqual({ user: 'ann', groups: ['devs'] });
    expect(seen).toEqual([
      {
        ...{ path: '/apis/authentication.k8s.io/v1/tokenreviews', impersonates: false },
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'a-token' } },
      },
    ]);
  });

  it.each<[string, object]>([
    ['nobody’s token', { authenticated: false, error: 'invalid bearer token' }],
    ['a user without a name', { authenticated: true, user: { username: '' } }],
    ['a user who is not there', { authenticated: true }],
    ['no verdict', { user: ANN }],
    ['a verdict that is none', { authenticated: 'true', user: ANN }],
    ['other audiences', { authenticated: true, user: ANN, audiences: ['other'] }],
    ['a yes that does not know of audiences', { authenticated: true, user: ANN }],
  ])('takes %s for nobody', async (_what, status) => {
    const { cluster } = await reviewed(status);
    expect(await cluster.reviewToken('a-token', ['chandlery'])).toBeUndefined();
  });

  it('takes a token that is meant for one of the audiences', async () => {
    const { cluster } = await reviewed({ authenticated: true, user: { username: 'ann' }, audiences: ['b'] });
    expect(await cluster.reviewToken('a-token', ['a', 'b'])).toEqual({ user: 'ann', groups: [] });
    expect(seen[0]?.body).toMatchObject({ spec: { audiences: ['a', 'b'] } });
  });

  it.each([
    ['may not ask', 403, 'Forbidden', /ClusterRole system:auth-delegator/],
    ['is not understood', 422, 'Invalid', /cannot review a token/],
    ['asks what is not served', 404, 'NotFound', /cannot review a token/],
    ['is not known itself', 401, 'Unauthorized', /credential/],
    ['is told to come later', 503, 'ServiceUnavailable', /cannot serve now/],
  ])('cannot tell when this server %s', async (_what, status, reason, message) => {
    const { cluster } = await answering(status, { kind: 'Status', status: 'Failure', reason, code: status, message: 'no' });
    const review = cluster.reviewToken('a-secret-token', []);
    await expect(review).toFailWith('cluster_unavailable');
    await expect(review).rejects.toThrow(message);
    await expect(review).rejects.not.toThrow(/a-secret-token/);
  });

  it('cannot tell when nobody is there', async () => {
    const { cluster, server: listening } = await reviewed({});
    listening.closeAllConnections();
    await new Promise((resolve) => listening.close(resolve));
    await expect(cluster.reviewToken('a-token', [])).toFailWith('cluster_unavailable');
  });
});
