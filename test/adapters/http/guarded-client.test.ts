import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { classifyAddress } from '../../../src/adapters/http/address-policy.ts';
import { createGuardedClient, type GuardedClient, type GuardedClientOptions } from '../../../src/adapters/http/guarded-client.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';

const servers: Server[] = [];
const clients: GuardedClient[] = [];
const TOKEN = 'secret-token-0123456789';

async function serve(handler: RequestListener, host = '127.0.0.1'): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

function client(options: Partial<GuardedClientOptions> = {}): GuardedClient {
  const created = createGuardedClient({ development: true, allow: [], ...options });
  clients.push(created);
  return created;
}

async function failureOf(promise: Promise<unknown>): Promise<ChandleryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChandleryError)) throw new Error(`no ChandleryError: ${String(error)}`);
  return error;
}

const get = async (url: string, options: Partial<Parameters<GuardedClient['request']>[0]> = {}, using = client()) =>
  await (await using.request({ url, ...options })).json();

afterEach(async () => {
  await Promise.all(clients.splice(0).map((each) => each.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});

describe('the outbound guard', () => {
  const spellings = [
    'http://127.0.0.1/',
    'https://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0x7f000001/',
    'http://017700000001/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[::]/',
    'http://0/',
    'http://0.0.0.0/',
    'http://[::ffff:127.0.0.1]/',
    'http://[0:0:0:0:0:ffff:7f00:1]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://[2002:7f00:1::]/',
    'http://localhost/',
    'http://LOCALHOST/',
    'http://example.com@127.0.0.1/',
    'http://①②⑦.⓪.⓪.①/',
    'http://127.0.0.1%2e/',
    'https://169.254.169.254/latest/meta-data/',
    'http://2852039166/',
    'https://[fe80::1]/',
    'https://[fd00:ec2::254]/',
    'https://[ff02::1]/',
  ];
  it.each(spellings.filter((url) => URL.canParse(url)))('refuses %s', async (url) => {
    await expect(client({ development: false }).request({ url })).toFailWith('outbound_denied');
  });

  it('refuses loopback by a second name of it, whatever the port', async () => {
    const url = (await serve((_request, response) => response.end('{}'))).replace('127.0.0.1', 'localhost');
    await expect(client({ development: false }).request({ url })).toFailWith('outbound_denied');
    await expect(get(url)).resolves.toEqual({});
  });

  it('refuses schemes other than http and https', async () => {
    await expect(client().request({ url: 'file:///etc/passwd' })).toFailWith('outbound_denied');
    await expect(client().request({ url: 'gopher://127.0.0.1/' })).toFailWith('outbound_denied');
  });

  it('refuses plain http outside loopback even in development', async () => {
    await expect(client().request({ url: 'http://192.168.1.1/' })).toFailWith('outbound_denied');
  });

  it('lets an allowed address through', async () => {
    const url = await serve((_request, response) => response.end('{"ok":true}'));
    await expect(get(url, {}, client({ development: false, allow: ['127.0.0.0/8'] }))).resolves.toEqual({ ok: true });
  });
});

describe('redirects', () => {
  const redirectTo = (location: string, status = 302): RequestListener => {
    return (_request, response) => response.writeHead(status, { location }).end('moved');
  };

  it('follows them and keeps the credential on the same origin only', async () => {
    const seen: Array<string | undefined> = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{"there":true}');
    });
    const first = await serve((request, response) => {
      seen.push(request.headers.authorization);
      redirectTo(request.url === '/' ? '/second' : other)(request, response);
    });
    await expect(get(first, { credentials: { type: 'token', token: TOKEN } })).resolves.toEqual({ there: true });
    expect(seen).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`, undefined]);
  });

  it('does not give the credential back when the way returns to the first origin', async () => {
    const seen: Array<string | undefined> = [];
    let first = '';
    const other = await serve((request, response) => redirectTo(`${first}/end`)(request, response));
    first = await serve((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url === '/end') response.end('{}');
      else redirectTo(other)(request, response);
    });
    await get(first, { credentials: { type: 'basic', username: 'u', password: 'p' } });
    expect(seen).toEqual([expect.stringMatching(/^Basic /), undefined]);
  });

  it('does not take user information from a Location', async () => {
    let authorization: string | undefined = 'unset';
    const other = await serve((request, response) => {
      authorization = request.headers.authorization;
      response.end('{}');
    });
    const first = await serve(redirectTo(other.replace('http://', 'http://user:pass@')));
    await get(first);
    expect(authorization).toBeUndefined();
  });

  it('fails with registry_invalid in a loop, after five of them', async () => {
    let count = 0;
    const url = await serve((request, response) => {
      count += 1;
      redirectTo('/again')(request, response);
    });
    await expect(get(url)).toFailWith('registry_invalid');
    expect(count).toBe(6);
  });

  it('fails with registry_invalid without a usable Location', async () => {
    const url = await serve((_request, response) => response.writeHead(302).end());
    await expect(get(url)).toFailWith('registry_invalid');
    await expect(get(await serve(redirectTo('http://[')))).toFailWith('registry_invalid');
  });

  it('fails with outbound_denied for another scheme and for the metadata service', async () => {
    await expect(get(await serve(redirectTo('file:///etc/passwd')))).toFailWith('outbound_denied');
    await expect(get(await serve(redirectTo('https://169.254.169.254/')))).toFailWith('outbound_denied');
    await expect(get(await serve(redirectTo('http://10.0.0.1/')))).toFailWith('outbound_denied');
  });

  it('never goes from a public to a private address, allowed or not', async () => {
    // 127.0.0.2 plays a public server; both are allowed, so only the redirect rule can refuse.
    const classify = (address: string) => (address === '127.0.0.2' ? 'public' : classifyAddress(address));
    const using = client({ development: false, allow: ['127.0.0.0/8'], classify });
    let reached = 0;
    const inner = await serve((_request, response) => {
      reached += 1;
      response.end('{}');
    });
    const outer = await serve(redirectTo(inner), '127.0.0.2');
    await expect(get(inner, {}, using)).resolves.toEqual({});
    await expect(get(outer, {}, using)).toFailWith('outbound_denied');
    // Also over a connection that was opened before for a direct call, and by way of a second public hop.
    await expect(get(await serve(redirectTo(outer), '127.0.0.2'), {}, using)).toFailWith('outbound_denied');
    expect(reached).toBe(1);
  });
});

describe('failures', () => {
  it('fails with registry_unavailable when nothing listens', async () => {
    const url = await serve((_request, response) => response.end());
    servers.at(-1)?.close();
    const error = await failureOf(get(url, { registry: 'acme' }));
    expect(error.code).toBe('registry_unavailable');
    expect(error.details.registry).toBe('acme');
    expect(error.message).toContain('refused');
  });

  it('fails with registry_unavailable for a name that does not exist', async () => {
    await expect(get('https://does-not-exist.invalid/')).toFailWith('registry_unavailable');
  });

  it('fails with registry_unavailable when TLS cannot be spoken', async () => {
    const url = (await serve((_request, response) => response.end())).replace('http:', 'https:');
    await expect(get(url)).toFailWith('registry_unavailable');
  });

  it('fails with registry_unavailable when no headers come in time', async () => {
    const url = await serve(() => undefined);
    const error = await failureOf(get(url, {}, client({ timeouts: { headers: 200 } })));
    expect(error.code).toBe('registry_unavailable');
    expect((await failureOf(get(url, { timeoutMs: 100 }))).message).toContain('100 ms');
  });

  it('fails with network when the body stops in the middle', async () => {
    const url = await serve((_request, response) => void response.writeHead(200, { 'content-length': '10' }).write('{"a":'));
    await expect(get(url, {}, client({ timeouts: { bodyIdle: 200 } }))).toFailWith('network');
    await expect(get(url, { timeoutMs: 200 })).toFailWith('network');
  });

  it('fails with network when the connection breaks in the body, with and without an announced length', async () => {
    const breakOff = (headers: Record<string, string>): RequestListener => {
      return (_request, response) => response.writeHead(200, headers).write('{"a":', () => response.socket?.destroy());
    };
    await expect(get(await serve(breakOff({ 'content-length': '10' })))).toFailWith('network');
    await expect(get(await serve(breakOff({})))).toFailWith('network');
  });

  it('fails with too_large before reading when the length is announced, and while reading when it is not', async () => {
    const announced = await serve((_request, response) =>
      response.writeHead(200, { 'content-length': '5000' }).end('x'.repeat(5000)),
    );
    const chunked = await serve((_request, response) => {
      response.write('x'.repeat(2000));
      response.end('x'.repeat(3000));
    });
    await expect(client().request({ url: announced, maxBytes: 4000 })).toFailWith('too_large');
    await expect(get(chunked, { maxBytes: 4000 })).toFailWith('too_large');
  });

  it('fails with registry_invalid for JSON that is broken, too deep, not UTF-8 or compressed', async () => {
    const bodies = ['<html>', `${'['.repeat(5000)}${']'.repeat(5000)}`, Buffer.from([0x22, 0xff, 0x22])];
    for (const body of bodies)
      await expect(get(await serve((_request, response) => response.end(body)))).toFailWith('registry_invalid');
    const compressed = await serve((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'));
    await expect(get(compressed)).toFailWith('registry_invalid');
  });

  it('counts brackets in strings as text', async () => {
    const text = `${'[{'.repeat(200)}\\"`;
    const url = await serve((_request, response) => response.end(JSON.stringify({ text })));
    await expect(get(url)).resolves.toEqual({ text });
  });

  it('says how long to wait after a 429', async () => {
    const url = await serve((_request, response) => response.writeHead(429, { 'retry-after': '7' }).end());
    expect((await failureOf(get(url))).details.retryAfterMs).toBe(7_000);
  });

  it('hands back the statuses that were asked for', async () => {
    const url = await serve((_request, response) => response.writeHead(404).end('{"code":"x"}'));
    const response = await client().request({ url, accept: [404] });
    expect(response.status).toBe(404);
    await expect(response.json()).resolves.toEqual({ code: 'x' });
    await expect(get(url)).toFailWith('registry_invalid');
  });

  it('shows neither credential nor query in any error', async () => {
    const url = await serve((_request, response) => response.writeHead(500).end());
    const request = {
      url: `${url.replace('http://', 'http://joe:hidden@')}/a?key=hidden`,
      credentials: { type: 'token', token: TOKEN },
    } as const;
    const error = await failureOf(client().request(request));
    const all = JSON.stringify([error.message, error.details, String(error.cause), error.stack]);
    expect(all).toContain('/a');
    expect(all).not.toMatch(/hidden|joe|secret/);
  });

  it('refuses a token that no header can carry without showing it', async () => {
    const error = await failureOf(
      client().request({ url: 'https://r.example', credentials: { type: 'token', token: `${TOKEN}\nx: y` } }),
    );
    expect(error.code).toBe('authentication');
    expect(error.message).not.toContain('secret');
  });
});

describe('abort', () => {
  it("fails with the signal's own reason, before, while waiting and in the body", async () => {
    const reason = new Error('the step was cancelled');
    const url = await serve((request, response) => {
      if (request.url === '/body') response.writeHead(200).write('{');
    });
    const abortSoon = () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 50);
      return controller.signal;
    };
    await expect(get(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(get(url, { signal: abortSoon() })).rejects.toBe(reason);
    await expect(get(`${url}/body`, { signal: abortSoon() })).rejects.toBe(reason);
  });
});

describe('connections', () => {
  it('are kept and used again, also after an answer nobody read', async () => {
    let connections = 0;
    const url = await serve((_request, response) => response.end('{}'));
    servers.at(-1)?.on('connection', () => {
      connections += 1;
    });
    const using = client();
    for (let count = 0; count < 5; count += 1) await get(url, {}, using);
    await (await using.request({ url })).discard();
    await get(url, {}, using);
    // A request sent in the very moment the one before ends may open one more.
    expect(connections).toBeLessThanOrEqual(2);
  });
});
