import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TemplateSummary } from '../../src/domain/registry.ts';
import type { Cleanup } from '../cleanup.ts';

/** What a registry has to answer for its catalog to be read: the listing, conditional, and nothing else. */
export interface ListingServer {
  url: string;
  /** Lists this from now on. */
  serve(templates: readonly TemplateSummary[]): void;
}

export async function startListingServer(templates: readonly TemplateSummary[], cleanup: Cleanup): Promise<ListingServer> {
  let edition = 0;
  let body = '';
  const serve = (listed: readonly TemplateSummary[]) => {
    edition += 1;
    body = listed.map((template) => `${JSON.stringify(template)}\n`).join('');
  };
  serve(templates);
  const server = createServer((request, response) => {
    const etag = `"${edition}"`;
    if (!request.url?.startsWith('/api/v1/catalog')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"templates":[],"total":0}');
    } else if (request.headers['if-none-match']?.includes(etag)) response.writeHead(304, { etag }).end();
    else response.writeHead(200, { etag, 'content-type': 'application/jsonl' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.add(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, serve };
}
