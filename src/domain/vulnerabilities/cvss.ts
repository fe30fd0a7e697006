import type { Severity } from '../validation.ts';

/** Severity of a CVSS vector: 3.0 and 3.1 by the formula of the base score, 4.0 by an estimate that is never too mild. */

const NETWORK = { N: 0.85, A: 0.62, L: 0.55, P: 0.2 } as const;
const COMPLEXITY = { L: 0.77, H: 0.44 } as const;
const PRIVILEGES = { unchanged: { N: 0.85, L: 0.62, H: 0.27 }, changed: { N: 0.85, L: 0.68, H: 0.5 } } as const;
const INTERACTION = { N: 0.85, R: 0.62 } as const;
const IMPACT = { H: 0.56, L: 0.22, N: 0 } as const;

/** Lower bounds of the ratings (CVSS 3.1 section 5, CVSS 4.0 section 6), of 10. */
const RATINGS: ReadonlyArray<[number, Severity]> = [
  [9, 'critical'],
  [7, 'high'],
  [4, 'medium'],
  [0.1, 'low'],
];

/** Undefined for a vector that cannot be read. */
export function severityOfVector(vector: string): Severity | undefined {
  if (vector.startsWith('CVSS:4.')) return estimateV4(metricsOf(vector));
  const score = baseScoreV3(vector);
  return score === undefined ? undefined : severityOfScore(score);
}

/** By the score, 0 to 10. */
export function severityOfScore(score: number): Severity {
  return RATINGS.find(([from]) => score >= from)?.[1] ?? 'info';
}

/** The base score of a vector of CVSS 3.0 or 3.1, 0 to 10; undefined when it is none, or lacks a metric. */
export function baseScoreV3(vector: string): number | undefined {
  if (!/^CVSS:3\.[01]\//.test(vector)) return undefined;
  const metrics = metricsOf(vector);
  const scope = metrics.get('S');
  const isChanged = scope === 'C';
  const av = weightOf(NETWORK, metrics.get('AV'));
  const ac = weightOf(COMPLEXITY, metrics.get('AC'));
  const pr = weightOf(PRIVILEGES[isChanged ? 'changed' : 'unchanged'], metrics.get('PR'));
  const ui = weightOf(INTERACTION, metrics.get('UI'));
  const impacts = ['C', 'I', 'A'].map((name) => weightOf(IMPACT, metrics.get(name)));
  const [c, i, a] = impacts;
  if ([av, ac, pr, ui, c, i, a].some((weight) => weight === undefined) || !(scope === 'C' || scope === 'U')) return undefined;
  const product = impacts.reduce<number>((left, weight) => left * (1 - (weight ?? 0)), 1);
  const sub = 1 - product;
  const impact = isChanged ? 7.52 * (sub - 0.029) - 3.25 * (sub - 0.02) ** 15 : 6.42 * sub;
  if (impact <= 0) return 0;
  const exploitability = 8.22 * (av ?? 0) * (ac ?? 0) * (pr ?? 0) * (ui ?? 0);
  return roundUp(Math.min((isChanged ? 1.08 : 1) * (impact + exploitability), 10));
}

/** To one decimal, upwards, in whole numbers: floating point would turn 4.0 into 4.1 (CVSS 3.1, appendix A). */
function roundUp(value: number): number {
  const whole = Math.round(value * 100_000);
  return whole % 10_000 === 0 ? whole / 100_000 : (Math.floor(whole / 10_000) + 1) / 10;
}

/**
 * CVSS 4.0 has no formula but a table of 270 expert judgements. Without it the estimate errs on the side of harm: great harm that anybody
 * can do from afar, or that goes on to other systems, is critical, other great harm high, some harm one step less.
 */
function estimateV4(metrics: ReadonlyMap<string, string>): Severity | undefined {
  const [own, others] = [
    ['VC', 'VI', 'VA'],
    ['SC', 'SI', 'SA'],
  ].map((names) => names.map((name) => metrics.get(name)));
  const harms = [...(own ?? []), ...(others ?? [])];
  if (!metrics.has('AV') || harms.some((harm) => harm === undefined)) return undefined;
  if (harms.every((harm) => harm === 'N')) return 'info';
  const isOpen = metrics.get('AV') === 'N' && metrics.get('PR') !== 'H';
  const isGreat = (list: ReadonlyArray<string | undefined> = []) => list.some((harm) => harm === 'H' || harm === 'S');
  if (!isGreat(harms)) return isOpen ? 'high' : 'medium';
  return isOpen || (isGreat(own) && isGreat(others)) ? 'critical' : 'high';
}

function metricsOf(vector: string): ReadonlyMap<string, string> {
  return new Map(
    vector
      .split('/')
      .slice(1)
      .map((metric): [string, string] => {
        const [name = '', value = ''] = metric.split(':');
        return [name, value];
      }),
  );
}

function weightOf(weights: Readonly<Record<string, number>>, value: string | undefined): number | undefined {
  return value !== undefined && Object.hasOwn(weights, value) ? weights[value] : undefined;
}
