import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type RegistryTransport } from '../../../src/adapters/http/guarded-client.ts';

let open: ServerResponse | undefined;
const server = createServer((request, response) => {
  if (request.url !== '/slow') return void response.end('whole');
  response.writeHead(200).write('first ');
  open = response;
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());

const textOf = async (body: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
};

describe('a registry whose rules change', () => {
  it('ends what is under way by the old ones, and is called by the new ones', async () => {
    let transport: RegistryTransport = { httpHosts: ['127.0.0.1'] };
    const client = createGuardedClient({ development: false, allow: ['127.0.0.1/32'], transportOf: () => transport });
    const call = (path: string) => client.request({ url: `http://127.0.0.1:${port}${path}`, registry: 'r' });
    const slow = await call('/slow');
    transport = {};
    client.forget('r');
    client.forget('never-called');
    const rest = textOf(slow.body);
    open?.end('second');
    expect(await rest).toBe('first second');
    expect(await textOf((await call('/')).body)).toBe('whole');
    await client.close();
  });

  it('is not reached any more over plain http when that was taken back', async () => {
    let transport: RegistryTransport = { httpHosts: ['localhost'] };
    const client = createGuardedClient({
      development: false,
      allow: [],
      classify: () => 'private',
      transportOf: () => transport,
    });
    const call = async () => (await client.request({ url: `http://localhost:${port}/`, registry: 'r' })).discard();
    await call();
    transport = {};
    await call();
    client.forget('r');
    await expect(call()).toFailWith('outbound_denied');
    await client.close();
  });
});
