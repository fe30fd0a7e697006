import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The registries that a catalog is measured against, in a process of their own, so that what they do is not part of any figure: twenty
 * that answer after a while, one of which is dead and one very slow, and a Helm repository with a large index.
 */

/** Healthy registries and how long they take, evenly from the fastest to the slowest, milliseconds. */
const HEALTHY = { count: 18, fastestMs: 5, slowestMs: 100 };
const SLOW_MS = 5_000;
/** Templates of each. */
const TEMPLATES = 20;
const INDEX = { charts: 50_000, bytesEach: 1_000 };

async function listen(listener: RequestListener): Promise<{ url: string; close: () => Promise<unknown> }> {
  const server = createServer(listener);
  // Nothing that is measured is to depend on when a connection was opened.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Lists other templates each time, so that nothing it says can be held from before. */
function lateRegistry(name: string, ms: number): RequestListener {
  let edition = 0;
  return async (request, response) => {
    await sleep(ms);
    if (!request.url?.startsWith('/api/v1/catalog')) {
      const problem = { type: 'about:blank', title: 'not found', status: 404, code: 'template_not_found' };
      response.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
      return;
    }
    edition += 1;
    const lines = Array.from({ length: TEMPLATES }, (_, at) => JSON.stringify(template(`${name}-${at}`, `edition ${edition}`)));
    response.writeHead(200, { 'content-type': 'application/jsonl' }).end(lines.map((line) => `${line}\n`).join(''));
  };
}

function template(name: string, description: string) {
  const digest = `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`;
  const versioned = { name, version: '1.0.0', type: 'manifests', digest };
  return { ...versioned, description, tags: ['listed'], registry: 'itself', registryType: 'community', verified: false };
}

function helmRepository(): RequestListener {
  const etag = '"the-only-one"';
  const filler = 'A chart with a description that says what it is for. '.repeat(20);
  const entry = (at: number) => {
    const text = `  chart-${at}:\n  - apiVersion: v2\n    name: chart-${at}\n    version: 1.${at % 50}.0\n    digest: ${`${at}`.padStart(64, '0')}\n    urls: [chart-${at}.tgz]\n    description: "`;
    return `${text}${filler.slice(0, INDEX.bytesEach - text.length)}"\n`;
  };
  const index = Buffer.from(`apiVersion: v1\nentries:\n${Array.from({ length: INDEX.charts }, (_, at) => entry(at)).join('')}`);
  return (request, response) => {
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
    else response.writeHead(200, { etag, 'content-type': 'application/yaml', 'content-length': index.length }).end(index);
  };
}

async function main(): Promise<void> {
  const step = (HEALTHY.slowestMs - HEALTHY.fastestMs) / (HEALTHY.count - 1);
  const healthy = await Promise.all(
    Array.from({ length: HEALTHY.count }, async (_, at) => {
      const ms = Math.round(HEALTHY.fastestMs + at * step);
      return { name: `healthy-${ms}`, ms, url: (await listen(lateRegistry(`healthy-${ms}`, ms))).url };
    }),
  );
  const slow = { name: 'slow', ms: SLOW_MS, url: (await listen(lateRegistry('slow', SLOW_MS))).url };
  const dead = await listen((_, response) => response.end());
  await dead.close();
  const helm = await listen(helmRepository());
  const found = {
    healthy,
    slow,
    dead: { name: 'dead', url: dead.url },
    helm: { name: 'helm', url: helm.url },
    templates: TEMPLATES,
  };
  process.stdout.write(`registries ready ${JSON.stringify(found)}\n`);
  process.once('SIGTERM', () => process.exit(0));
}

await main();
