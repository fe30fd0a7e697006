import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { CATALOG_LIMITS } from '../../src/catalog/limits.ts';
import { Stragglers } from '../../src/catalog/stragglers.ts';

const LIMITS = { ...CATALOG_LIMITS, stragglerMs: 40 };
const LONG_MS = 150;

/** ms until nobody is waited for any more; undefined when that takes long. */
async function patienceOf(stragglers: Stragglers): Promise<number | undefined> {
  const startedAt = performance.now();
  const over = stragglers.longEnough.then(() => performance.now() - startedAt);
  return await Promise.race([over, sleep(LONG_MS, undefined)]);
}

describe('the last registries of a search', () => {
  it('are not waited for long when all others have answered', async () => {
    const stragglers = new Stragglers(5, LIMITS);
    for (let at = 0; at < 4; at += 1) stragglers.ended(true);
    expect(await patienceOf(stragglers)).toBeGreaterThanOrEqual(LIMITS.stragglerMs - 2);
  });

  it('are given longer the longer the others have taken', async () => {
    const stragglers = new Stragglers(4, { ...LIMITS, stragglerFactor: 2 });
    await sleep(60);
    for (let at = 0; at < 3; at += 1) stragglers.ended(true);
    expect(await patienceOf(stragglers)).toBeGreaterThanOrEqual(60 + LIMITS.stragglerMs - 5);
  });

  it.each([
    ['there are many of them', 5, 3, 0],
    ['too few have answered', 3, 2, 0],
    ['the others have failed', 5, 1, 3],
    ['there is none left', 3, 3, 0],
  ])('are waited for when %s', async (_what, asked, answers, failures) => {
    const stragglers = new Stragglers(asked, LIMITS);
    for (let at = 0; at < answers; at += 1) stragglers.ended(true);
    for (let at = 0; at < failures; at += 1) stragglers.ended(false);
    expect(await patienceOf(stragglers)).toBeUndefined();
  });
});
