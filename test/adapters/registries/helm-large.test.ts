import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { createGuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createHelmRegistry } from '../../../src/adapters/registries/helm.ts';
import type { ListingProblem, RegistryPlugin } from '../../../src/domain/registry.ts';
import { LoopPauses, usedMs } from '../../support/loop-pauses.ts';

/** An index as the largest public one is: 50 MB, ten thousand charts, five versions of each. */
const CHARTS = 10_000;
const VERSIONS = 5;
const MIB = 1024 * 1024;
/** Of the work, held up in one piece: read at once, it would be nearly all of it. How many ms that is the benchmark prints. */
const MAX_SHARE = 0.4;
/** ms */
const WAIT = 500;

const filler = 'A change that was made, described at the length that people describe changes. '.repeat(8);
const entry = (name: string, version: string) => `  - annotations:
      artifacthub.io/changes: |
        - ${filler}
    apiVersion: v2
    appVersion: "1.0"
    created: "2026-01-02T03:04:05.123456789Z"
    description: The chart ${name}, which does what its name says.
    digest: ${'c'.repeat(64)}
    keywords:
    - one
    - two
    maintainers:
    - email: someone@example.org
      name: Someone
    name: ${name}
    urls:
    - https://charts.example.org/${name}-${version}.tgz
    version: ${version}
`;
const block = (at: number, broken = false) => {
  const name = `chart-${at}`;
  const entries = Array.from({ length: VERSIONS }, (_, version) => entry(name, `1.${VERSIONS - version}.0`)).join('');
  return `  ${name}:\n${broken ? entries.replaceAll('keywords:', 'keywords: [') : entries}`;
};
const indexOf = (blocks: readonly string[]) =>
  Buffer.from(`apiVersion: v1\nentries:\n${blocks.join('')}generated: "2026-01-02T03:04:05Z"\n`);

let answer: RequestListener = (_request, response) => response.writeHead(404).end();
const server = createServer((request, response) => answer(request, response));
const client = createGuardedClient({ development: true, allow: [] });
let registry: RegistryPlugin;
let blocks: string[];

beforeAll(async () => {
  blocks = Array.from({ length: CHARTS }, (_, at) => block(at, at === 5_000));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  registry = createHelmRegistry({ name: 'large', kind: 'helm', type: 'community', url }, client);
});
afterAll(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});
const pauses = new LoopPauses();
afterEach(() => pauses.stop());

async function listed() {
  const problems: ListingProblem[] = [];
  pauses.start();
  const startedAt = usedMs();
  const listing = await registry.list({ onProblem: (problem) => problems.push(problem) });
  let count = 0;
  let largest = 0;
  if (!listing.unchanged) {
    for await (const batch of listing.templates) {
      count += batch.length;
      largest = Math.max(largest, batch.length);
    }
  }
  const ms = usedMs() - startedAt;
  pauses.stop();
  const heapMiB = Math.round(process.memoryUsage().heapUsed / MIB);
  return { count, largest, heapMiB, problems, ms, pauseMs: pauses.longest, share: pauses.share };
}

describe('the measure of pauses', () => {
  it('sees what holds up the loop, and does not take waiting for work', async () => {
    pauses.start();
    await new Promise((resolve) => setTimeout(resolve, WAIT));
    pauses.stop();
    expect(pauses.longest).toBeLessThan(WAIT / 2);
    pauses.start();
    // The same text, read as one: this is what the splitter is there to avoid.
    parse(
      Array.from({ length: 400 }, (_, at) => block(at))
        .join('')
        .replaceAll(/^ {2}/gm, ''),
    );
    pauses.stop();
    expect(pauses.share).toBeGreaterThan(MAX_SHARE);
  }, 60_000);
});

describe('an index of 50 MB', () => {
  it('is listed without its one malformed chart and without holding up the loop, and faster when little changed', async () => {
    const body = indexOf(blocks);
    expect(body.length).toBeGreaterThan(45 * MIB);
    answer = (_request, response) => response.writeHead(200, { 'content-type': 'text/yaml' }).end(body);
    const first = await listed();
    console.log(
      `index of ${Math.round(body.length / MIB)} MiB: ${Math.round(first.ms)} ms of work, longest pause ${Math.round(first.pauseMs)} ms`,
    );
    expect(first).toMatchObject({ count: CHARTS - 1, largest: 500 });
    expect(first.problems.some(({ subject }) => subject.startsWith('chart-5000 '))).toBe(true);
    expect(first.problems.every(({ subject }) => subject.startsWith('chart-5000'))).toBe(true);
    expect(first.share).toBeLessThan(MAX_SHARE);

    const changed = indexOf([...blocks.slice(0, 7), block(7).replaceAll('1.5.0', '1.6.0'), ...blocks.slice(8)]);
    answer = (_request, response) => response.writeHead(200, { 'content-type': 'text/yaml' }).end(changed);
    const second = await listed();
    console.log(
      `again with one chart changed: ${Math.round(second.ms)} ms of work, longest pause ${Math.round(second.pauseMs)} ms, heap ${second.heapMiB} MiB`,
    );
    expect(second.count).toBe(CHARTS - 1);
    expect(second.share).toBeLessThan(MAX_SHARE);
    expect(second.ms).toBeLessThan(first.ms / 1.5);
    expect((await registry.listVersions('chart-7')).map(({ version }) => version)[0]).toBe('1.6.0');
  }, 60_000);

  it('fails with too_large past the limit, whether or not the length is announced', async () => {
    const piece = Buffer.from(block(1));
    answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/yaml', 'content-length': 65 * MIB }).write('entries:\n');
    await expect(registry.list()).toFailWith('too_large');
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/yaml' }).write('entries:\n');
      const write = (left: number): void => {
        if (left < 0 || response.destroyed) response.end();
        else response.write(Buffer.concat(Array(200).fill(piece)), () => write(left - piece.length * 200));
      };
      write(66 * MIB);
    };
    await expect(registry.list()).toFailWith('too_large');
  }, 60_000);
});
