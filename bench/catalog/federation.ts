import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../../src/catalog/index.ts';
import type { Figure } from '../figures.ts';
import { round } from '../figures.ts';
import { measurePairs } from '../pairs.ts';
import type { LateStage } from './late-stage.ts';

/** Longest answer: of the slowest healthy registry alone, and of twenty with one dead and one slow. */
const GOAL = 1.2;
const PAIRS = { rounds: 6, warmUp: 1 };
/** After each: the registry that takes five seconds has answered too, so that nothing is under way when the next begins, milliseconds. */
const SETTLE_MS = { twenty: 5_500, one: 300 };
const SEARCH = { q: 'listed', limit: 20, facets: true } as const;

/** Of twenty registries nothing of which is held: how long until everything that can answer is there, and until the first of it is. */
export async function measureFederation(stage: LateStage): Promise<{ figures: Figure[]; notes: string[] }> {
  const { healthy, slow, dead } = stage;
  const [fastest, slowest] = [healthy[0], healthy.at(-1)];
  if (!fastest || !slowest) throw new Error('there is no healthy registry');
  const twenty = stage.catalog([slow, ...healthy, dead]);
  const [onlySlowest, onlyFastest] = [stage.catalog([slowest]), stage.catalog([fastest])];
  const healthyTotal = healthy.length * stage.templates;

  const whole = async ({ catalog, forget }: typeof twenty, total: number, settleMs: number) => {
    await forget();
    const ms = await answerTime(catalog, total);
    await sleep(settleMs);
    return ms;
  };
  const first = async ({ catalog, forget }: typeof twenty, settleMs: number) => {
    await forget();
    const ms = await firstResultTime(catalog);
    await sleep(settleMs);
    return ms;
  };
  const unknown = await whole(twenty, healthyTotal, SETTLE_MS.twenty);
  const answers = await measurePairs({
    ours: () => whole(twenty, healthyTotal, SETTLE_MS.twenty),
    peer: () => whole(onlySlowest, stage.templates, SETTLE_MS.one),
    ...PAIRS,
  });
  const firsts = await measurePairs({
    ours: () => first(twenty, SETTLE_MS.twenty),
    peer: () => first(onlyFastest, SETTLE_MS.one),
    ...PAIRS,
  });
  const figure = (name: string, { ours, peer, ratio }: typeof answers): Figure => {
    return { name, value: ours, unit: 'ms', peer: { value: peer, ratio }, goal: GOAL };
  };
  return {
    figures: [figure('federation-20', answers), figure('federation-first', firsts)],
    notes: [`federation-20: the very first search, when nothing is known of the slow one, took ${round(unknown)} ms`],
  };
}

async function answerTime(catalog: Catalog, total: number): Promise<number> {
  const startedAt = performance.now();
  const page = await catalog.search(SEARCH);
  const ms = performance.now() - startedAt;
  if (page.total !== total) throw new Error(`a search found ${page.total} of ${total} templates: ${JSON.stringify(page.errors)}`);
  return ms;
}

/** Until the first registry's results are there; the page of what is held comes before, and is empty. */
async function firstResultTime(catalog: Catalog): Promise<number> {
  const leaving = new AbortController();
  const startedAt = performance.now();
  try {
    for await (const { event, data } of catalog.searchLive(SEARCH, leaving.signal))
      if (event === 'registry' && data.ok && data.total > 0) return performance.now() - startedAt;
  } finally {
    leaving.abort();
  }
  throw new Error('no registry answered');
}
