import { resolve } from '../../src/domain/resolver.ts';
import { SeededRandom } from '../../tools/chaos/random.ts';
import type { Figure } from '../figures.ts';
import { quantile, round } from '../figures.ts';
import { makeCatalog, nameOf } from './large-catalog.ts';

/** How long it takes to choose versions where there is as much to choose from as a large registry has. */

/** milliseconds */
const GOAL_MS = 1_000;
const TEMPLATES = 10_000;
const VERSIONS = 10;
const ROUNDS = 5;
const WARM_UP = 1;
const SEED = 11;

/** 10,000 templates with 10 versions each; the answer is the same every time, or there is no figure. */
export function measureResolver(): { figures: Figure[]; notes: string[] } {
  const catalog = makeCatalog(new SeededRandom(SEED), TEMPLATES, VERSIONS);
  const times: number[] = [];
  const answers = new Set<string>();
  let chosen = 0;
  for (let done = 0; done < WARM_UP + ROUNDS; done += 1) {
    const startedAt = performance.now();
    const lock = resolve({ name: nameOf(0) }, catalog);
    if (done >= WARM_UP) times.push(performance.now() - startedAt);
    answers.add(JSON.stringify(lock));
    chosen = lock.templates.length;
  }
  if (answers.size !== 1) throw new Error('the same catalog gave different locks');
  const [least, most] = [round(quantile(times, 0)), round(quantile(times, 1))];
  return {
    figures: [{ name: 'resolver-10000', value: quantile(times, 0.5), unit: 'ms', goal: GOAL_MS }],
    notes: [`resolver-10000: ${TEMPLATES} templates x ${VERSIONS} versions, ${chosen} chosen, ${least} to ${most} ms`],
  };
}
