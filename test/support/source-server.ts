import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificate } from '../../src/adapters/secret-maker/certificate.ts';

/** An https server on loopback with an authority of its own: every way in which a source can answer. */
export interface SourceServer {
  /** https://localhost:port */
  url: string;
  port: number;
  /** PEM of its authority. */
  ca: string;
  /** Paths asked for so far, with their query. */
  asked: string[];
  /** Headers of the newest request. */
  headers(): NodeJS.Dict<string | string[]>;
  close(): Promise<void>;
}

export const ITEM = { name: 'phoenix', type: 'service', ark: { chartPath: 'oci://x/y' }, unknown: { deep: [1, null, 'ü'] } };
export const DOCUMENT = JSON.stringify({ version: '1.0.0', marketplace: 'M', items: [ITEM, { 'no name': true }] });
const DRIP_MS = 500;

const ANSWERS: Record<string, RequestListener> = {
  '/good': (_request, response) => response.setHeader('content-type', 'text/plain').end(DOCUMENT),
  '/hang': () => undefined,
  '/drip': (_request, response) => {
    response.write('{"items":[');
    const drip = setInterval(() => response.write(' '), DRIP_MS);
    response.on('close', () => clearInterval(drip));
  },
  '/cut': (_request, response) => {
    response.setHeader('content-length', '1000').write('{"items"');
    setTimeout(() => response.destroy(), 20);
  },
  '/html': (_request, response) => response.end('<html>'),
  '/empty': (_request, response) => response.end(),
  '/latin1': (_request, response) => response.end(Buffer.from('{"items":[{"name":"\xe4"}]}', 'latin1')),
  '/deep': (_request, response) => response.end(`{"items":${'['.repeat(10_000)}${']'.repeat(10_000)}}`),
  '/huge': (_request, response) => response.end(`{"items":["${'x'.repeat(3_000_000)}"]}`),
  '/endless': (_request, response) => {
    const more = () => {
      while (response.write('[1],'.repeat(10_000)));
      response.once('drain', more);
    };
    response.on('close', () => response.removeAllListeners('drain'));
    response.write('{"items":[');
    more();
  },
  '/no-items': (_request, response) => response.end('{"version":"1"}'),
  '/list': (_request, response) => response.end('[1]'),
  '/object-items': (_request, response) => response.end('{"items":{"a":1}}'),
  '/text-items': (_request, response) => response.end('{"items":["a"]}'),
  '/null-items': (_request, response) => response.end('{"items":null}'),
  '/to-http': (_request, response) => response.writeHead(302, { location: 'http://localhost/good' }).end(),
  '/to-loopback': (request, response) => {
    const { port } = request.socket.address() as AddressInfo;
    response.writeHead(302, { location: `https://127.0.0.1:${port}/good` }).end();
  },
  '/to-private': (_request, response) => response.writeHead(302, { location: 'https://10.255.255.1/good' }).end(),
  '/to-metadata': (_request, response) => response.writeHead(302, { location: 'https://169.254.169.254/latest/' }).end(),
  '/nowhere': (_request, response) => response.writeHead(302).end(),
};

/** `/status/503` answers with it; `/hops/3` redirects three times before it is `/good`. */
export async function startSourceServer(): Promise<SourceServer> {
  const { certificate, key } = await makeCertificate({ cluster: 'local', namespace: 'test', name: 'sources' });
  const asked: string[] = [];
  let headers: NodeJS.Dict<string | string[]> = {};
  const server = createServer({ cert: certificate, key }, (request, response) => {
    asked.push(request.url ?? '');
    headers = request.headers;
    const [path = ''] = (request.url ?? '').split('?');
    const status = /^\/status\/(\d+)$/.exec(path)?.[1];
    const hops = /^\/hops\/(\d+)$/.exec(path)?.[1];
    if (status !== undefined) return response.writeHead(Number(status)).end('{"items":[]}');
    if (hops !== undefined) {
      const location = hops === '0' ? '/good' : `/hops/${Number(hops) - 1}`;
      return response.writeHead(307, { location }).end();
    }
    return (ANSWERS[path] ?? ((_, missing) => missing.writeHead(404).end()))(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}`,
    port,
    ca: certificate,
    asked,
    headers: () => headers,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
