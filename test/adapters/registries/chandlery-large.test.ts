import { afterAll, describe, expect, it } from '@jest/globals';
import type { ListingProblem } from '../../../src/domain/registry.ts';
import { LoopPauses } from '../../support/loop-pauses.ts';
import { KindLab } from '../../support/registry-kinds.ts';

/** A catalog of another server that is as large as the largest index. */
const TEMPLATES = 50_000;
const MIB = 1024 * 1024;
/** Of the work, held up in one piece: read at once, it would be nearly all of it. How many ms that is the benchmark prints. */
const MAX_SHARE = 0.4;

const lab = new KindLab();
afterAll(() => lab.close());

const line = (at: number) =>
  JSON.stringify({
    name: `template-${at}`,
    version: at === 25_000 ? 'soon' : '1.0.0',
    description: `The template ${at}. ${'It does what its name says. '.repeat(32)}`,
    category: 'database',
    tags: ['one', 'two', `tag-${at % 100}`],
    type: 'manifests',
    registry: 'far',
    registryType: 'community',
    digest: `sha256:${'a'.repeat(64)}`,
  });

describe('a catalog of 50 MB', () => {
  it('is listed without its one malformed line and without holding up the loop', async () => {
    const body = Buffer.from(Array.from({ length: TEMPLATES }, (_, at) => line(at)).join('\n'));
    expect(body.length).toBeGreaterThan(50 * MIB);
    const server = await lab.serve((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/jsonl' }).end(body),
    );
    const problems: ListingProblem[] = [];
    const pauses = new LoopPauses();
    pauses.start();
    const listing = await lab.open('chandlery', server.url).list({ onProblem: (problem) => problems.push(problem) });
    let count = 0;
    let largest = 0;
    if (!listing.unchanged)
      for await (const batch of listing.templates) {
        count += batch.length;
        largest = Math.max(largest, batch.length);
      }
    pauses.stop();
    expect([count, problems.map(({ subject }) => subject)]).toEqual([TEMPLATES - 1, ['template-25000']]);
    expect(largest).toBeLessThanOrEqual(500);
    expect(pauses.share).toBeLessThan(MAX_SHARE);
  }, 60_000);
});
