import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ArkSources, openArkSources } from '../support/ark-lab.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';

/** Lines of the namespace sources' contract, each as it stands there, that the tests of the endpoints beside do not hold already. */

const URL_A = 'https://a.example/marketplace.json';

describeCluster('the contract of namespace sources', () => {
  let lab: ArkSources;
  let server: ArkSources['server'];
  let ann: ArkSources['ann'];
  let namespace: string;
  const sources = (below = '') => `/api/v1/namespaces/${namespace}/marketplace-sources${below}`;
  const items = () => ann.get(`/api/v1/namespaces/${namespace}/marketplace-items`);
  const post = (name: string, url: string, more = {}) => ann.call('POST', sources(), { name, url, ...more });

  beforeAll(async () => {
    lab = await openArkSources();
    ({ server, ann, namespace } = lab);
  }, CLUSTER_TIMEOUT_MS);
  afterAll(async () => await lab?.close(), 60_000);

  it('no write fetches the url: one that nobody answers at is created with 201', async () => {
    server.asked.length = 0;
    expect(await post('never', `${server.url}/good?never`)).toMatchObject({ status: 201 });
    expect(await post('unreachable', 'https://nobody.invalid/m.json')).toMatchObject({ status: 201 });
    expect(await ann.call('PATCH', sources('/never'), { url: `${server.url}/good?again` })).toMatchObject({ status: 200 });
    expect(await ann.call('DELETE', sources('/never'))).toMatchObject({ status: 204 });
    expect(await ann.call('DELETE', sources('/unreachable'))).toMatchObject({ status: 204 });
    expect(server.asked).toEqual([]);
  });

  it.each([
    'HTTPS://A.Example',
    'https://a.example',
    'https://a.example:443/m.json',
    'https://bücher.example/m.json',
    'https://a.example/%7Ea/../m.json',
    'https://a.example/m.json?x=%20&y=#part',
  ])('a url is stored byte for byte: %s', async (url) => {
    expect((await post('bytes', url)).body).toEqual({ name: 'bytes', url, displayName: null });
    expect(JSON.parse((await lab.data(namespace))?.bytes ?? '')).toEqual({ url });
    expect((await ann.get(sources('/bytes'))).body.url).toBe(url);
    await ann.call('DELETE', sources('/bytes'));
  });

  it.each(['https://10.0.0.1/m.json', 'https://127.0.0.1/m.json', 'https://169.254.169.254/m.json', 'https://[::1]/m.json'])(
    'a private address is valid when it is written, and checked when it is fetched: %s',
    async (url) => {
      expect(await post('private', url)).toMatchObject({ status: 201 });
      if (!url.includes('10.0.0.1')) {
        const [entry] = (await items()).body;
        expect(entry).toMatchObject({
          source: 'private',
          error: { code: 'network_error', message: expect.stringContaining('may not be called') },
        });
      }
      await ann.call('DELETE', sources('/private'));
    },
  );

  it('a source named permissions is listed, changed and removed, and its GET is the question about rights', async () => {
    await post('permissions', URL_A);
    expect((await ann.get(sources())).body).toEqual([{ name: 'permissions', url: URL_A, displayName: null }]);
    expect((await ann.get(sources('/permissions'))).body).toEqual({ canEdit: true });
    expect(await ann.call('DELETE', sources('/permissions'))).toMatchObject({ status: 204 });
  });

  it("a value that the API server refuses is answered with the API server's own status", async () => {
    // A ConfigMap holds a mebibyte.
    await lab.byHand(namespace, { large: JSON.stringify({ url: URL_A, note: 'x'.repeat(1_048_000) }) });
    const { status, body } = await post('one-too-many', `https://a.example/${'y'.repeat(2_000)}`);
    expect(status).toBe(422);
    expect(body.detail).toMatch(/1048576|too long/i);
    expect(Object.keys((await lab.data(namespace)) ?? {})).toEqual(['large']);
    await ann.call('DELETE', sources('/large'));
  });

  it('a url or a label that is too long is told by its member', async () => {
    const { status, body } = await post('long', `https://a.example/${'y'.repeat(5_000)}`);
    expect([status, body.errors[0].loc]).toEqual([422, ['body', 'url']]);
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain', undefined])(
    'a body that is not sent as JSON is 422: %s',
    async (type) => {
      const response = await fetch(`${ann.url}${sources()}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ann.token}`, ...(type && { 'content-type': type }) },
        body: `name=a&url=${URL_A}`,
      });
      expect(response.status).toBe(422);
    },
  );

  it('one entry per source, always, in the order of the list, with either items or error', async () => {
    await lab.byHand(namespace, {
      z: JSON.stringify({ url: `${server.url}/good` }),
      'B.b': JSON.stringify({ url: `${server.url}/status/403` }),
      a: '{"url": ',
      C: JSON.stringify({ url: `${server.url}/empty`, displayName: 'See' }),
      d: JSON.stringify({ url: `${server.url}/no-items` }),
      e: JSON.stringify({ url: `${server.url}/object-items` }),
      f: JSON.stringify({ url: 'http://a.example/m.json' }),
    });
    const { status, body } = await items();
    expect(status).toBe(200);
    const told = body.map((entry: { source: string; displayName: string; items?: unknown[]; error?: { code: string } }) => [
      entry.source,
      entry.displayName,
      entry.error?.code ?? entry.items?.length,
    ]);
    expect(told).toEqual([
      ['B.b', 'B.b', 'http_error'],
      ['C', 'See', 'parse_error'],
      ['a', 'a', 'parse_error'],
      ['d', 'd', 0],
      ['e', 'e', 'parse_error'],
      ['f', 'f', 'network_error'],
      ['z', 'z', 2],
    ]);
    const listed = (await ann.get(sources())).body.map(({ name }: { name: string }) => name);
    expect(listed).toEqual(['B.b', 'C', 'd', 'e', 'f', 'z']);
  });

  it('changing a url back within the hour, or making the source again, hits what was fetched', async () => {
    const at = (query: string) => `${server.url}/good?${query}`;
    const asked = (query: string) => server.asked.filter((path) => path === `/good?${query}`).length;
    namespace = await lab.cluster.namespace('ann');
    await post('s', at('one'));
    await items();
    await ann.call('PATCH', sources('/s'), { url: at('two') });
    await items();
    await ann.call('PATCH', sources('/s'), { url: at('one') });
    await items();
    await ann.call('DELETE', sources('/s'));
    await post('s', at('one'));
    expect((await items()).body).toMatchObject([{ source: 's', items: [{ name: 'phoenix' }, {}] }]);
    expect([asked('one'), asked('two')]).toEqual([1, 1]);
    // By name too: another source with the same url is fetched for itself.
    await post('t', at('one'));
    await items();
    expect(asked('one')).toBe(2);
  });
});
