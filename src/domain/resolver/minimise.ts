import type { Fact, StatedFact } from './facts.ts';
import { RESOLVE_LIMITS } from './limits.ts';
import { factsBehind, type Term } from './nogood.ts';
import { NogoodSolver } from './nogoods.ts';

/** A fact of a failed search; everything the shortest explanation is made of. */
type Core = StatedFact[];

/**
 * The fewest of these contradictory facts that still contradict each other: leaving out any one would allow a solution. Facts at
 * the end of the list are given up first. `given` always holds.
 */
export function minimise(facts: Core, given: readonly Term[], fullOf: (variable: number) => bigint): Core {
  let core = facts;
  for (let smaller = contradiction(core, given, fullOf); smaller !== undefined; smaller = contradiction(core, given, fullOf)) {
    if (smaller.length >= core.length) break;
    core = smaller;
  }
  if (core.length > RESOLVE_LIMITS.maxMinimised) return core;
  for (const candidate of [...core].reverse()) {
    if (!core.includes(candidate)) continue;
    const rest = core.filter((stated) => stated !== candidate);
    core = contradiction(rest, given, fullOf) ?? core;
  }
  return core;
}

/** The facts a contradiction was derived from, in the order given; undefined where they can all hold. */
function contradiction(facts: Core, given: readonly Term[], fullOf: (variable: number) => bigint): Core | undefined {
  const solver = new NogoodSolver<StatedFact | undefined>();
  const local = new Map<number, number>();
  const variableOf = (variable: number): number => {
    const known = local.get(variable) ?? solver.addVariable(fullOf(variable).toString(2).length);
    local.set(variable, known);
    return known;
  };
  const translate = (terms: readonly Term[]): Term[] =>
    terms.map((term) => ({ variable: variableOf(term.variable), values: term.values }));
  const givenFact: StatedFact<Fact> = { fact: { kind: 'unwanted', target: '' }, terms: [] };
  for (const { variable, values } of given) solver.add(givenFact, translate([{ variable, values: fullOf(variable) & ~values }]));
  for (const stated of facts) solver.add(stated, translate(stated.terms));
  const open = [...local.values()];
  for (;;) {
    if (!solver.settle()) break;
    const next = open.find((variable) => !isSingle(solver.domain(variable)));
    if (next === undefined) return undefined;
    solver.decide(next, solver.domain(next) & -solver.domain(next));
  }
  const used = new Set(solver.refutation === undefined ? [] : factsBehind(solver.refutation).map(({ fact }) => fact));
  return facts.filter((stated) => used.has(stated));
}

function isSingle(bits: bigint): boolean {
  return (bits & (bits - 1n)) === 0n;
}
