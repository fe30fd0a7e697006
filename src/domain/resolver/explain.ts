import { ChandleryError, type ErrorCode } from '../errors.ts';
import { similarNames } from '../similar-names.ts';
import { fittingEntries } from './catalog.ts';
import type { DemandFact, Fact, NeedsFact, StatedFact } from './facts.ts';
import { minimise } from './minimise.ts';
import { factsBehind, type Nogood } from './nogood.ts';
import type { NogoodSolver } from './nogoods.ts';
import type { Universe } from './universe.ts';
import { Words } from './words.ts';

/** The error that says, with the fewest facts, why there is no solution. */
export function explainFailure(universe: Universe, solver: NogoodSolver<Fact>): ChandleryError {
  const facts = solver.refutation === undefined ? [] : shortestCore(universe, solver, solver.refutation);
  const sentences = new Words(universe, facts).sentences();
  const code = codeFor(facts);
  const alternatives = code === 'dependency_missing' ? alternativesFor(universe, facts) : [];
  const hint = alternatives.length > 0 ? ` (similar names: ${alternatives.join(', ')})` : '';
  const circle = code === 'dependency_cycle' ? 'The dependencies form a circle: ' : '';
  const paths = facts.flatMap((fact) => (fact.kind === 'cycle' ? [fact.path.join(' -> ')] : []));
  const message = code === 'dependency_cycle' ? `${circle}${paths.join('; ')}` : `${sentences.join('; ')}${hint}`;
  return new ChandleryError(code, message, {
    template: universe.root.name,
    explanation: sentences,
    requirements: facts.filter(isDemand).map(requirementOf),
    ...(alternatives.length > 0 ? { alternatives } : {}),
  });
}

/** The error for a root of which no version fits what was asked. */
export function explainRoot(universe: Universe, fact: Fact): ChandleryError {
  const { name, registry, range } = universe.root;
  const available = new Words(universe, [fact]).available(name);
  const what = range === undefined ? 'that may be installed' : `that fits ${range}`;
  const alternatives = universe.candidates(name).map((candidate) => candidate.version);
  const message = `${registry}/${name} has no version ${what} (${available})${prereleaseHint(universe)}`;
  return new ChandleryError('version_not_found', message, {
    registry,
    template: name,
    alternatives,
  });
}

/** Who did not think of pre-releases is told that one would do. */
function prereleaseHint(universe: Universe): string {
  const { root } = universe;
  const own = universe.candidates(root.name).filter((candidate) => candidate.registry === root.registry);
  const [fitting] = fittingEntries(own, root.range, { prerelease: true });
  return fitting === undefined ? '' : `; the pre-release ${fitting} fits if pre-releases are asked for`;
}

/** Why an optional dependency had to be left out, in words. */
export function explainSkip(
  universe: Universe,
  solver: NogoodSolver<Fact>,
  fact: NeedsFact,
  reason: Nogood<Fact> | undefined,
): string {
  const facts = fact.problem !== undefined || reason === undefined ? [fact] : shortestCore(universe, solver, reason);
  const settled = new Map<string, bigint>();
  for (const name of universe.names) {
    const term = reason?.terms.find(({ variable }) => variable === universe.variable(name));
    if (term !== undefined) settled.set(name, solver.domain(term.variable));
  }
  const sentences = new Words(universe, facts, settled).sentences();
  return sentences.join('; ') || 'it fits nothing else that was chosen';
}

function shortestCore(universe: Universe, solver: NogoodSolver<Fact>, nogood: Nogood<Fact>): Fact[] {
  const inOrder = fromTheRoot(universe.root.name, factsBehind(nogood));
  const core = minimise(inOrder, nogood.terms, (variable) => solver.full(variable));
  return core.map(({ fact }) => fact);
}

/** Facts in the order a reader meets them: by distance of the dependent from the root; what is installed after that. */
function fromTheRoot(root: string, facts: readonly StatedFact[]): StatedFact[] {
  const distances = new Map([[root, 0]]);
  const needs = facts.flatMap(({ fact }) => (fact.kind === 'needs' ? [fact] : []));
  const targets = new Map<string, string[]>();
  for (const fact of needs) targets.set(fact.by, [...(targets.get(fact.by) ?? []), fact.target]);
  for (const [name, distance] of distances) {
    for (const target of targets.get(name) ?? []) if (!distances.has(target)) distances.set(target, distance + 1);
  }
  const keyed = facts.map((stated) => ({ stated, distance: distanceOf(stated.fact, distances), key: sortKey(stated.fact) }));
  keyed.sort((a, b) => a.distance - b.distance || (a.key < b.key ? -1 : Number(a.key > b.key)));
  return keyed.map(({ stated }) => stated);
}

function distanceOf(fact: Fact, distances: ReadonlyMap<string, number>): number {
  if (fact.kind === 'root') return -1;
  if (fact.kind === 'needs') return distances.get(fact.by) ?? distances.size;
  return distances.size + 1;
}

function sortKey(fact: Fact): string {
  if (fact.kind === 'cycle') return fact.path.join(' -> ');
  if (fact.kind === 'unwanted') return fact.target;
  const by = fact.kind === 'root' ? '' : fact.by;
  return JSON.stringify([by, fact.target, fact.range ?? '', fact.registry ?? '', fact.allowed.toString()]);
}

/** One kind of obstacle gives its own code; several together, or ranges that clash, are a conflict. */
function codeFor(facts: readonly Fact[]): ErrorCode {
  const demands = facts.filter(isDemand);
  const problems = new Set<string>(demands.flatMap((fact) => (fact.problem === undefined ? [] : [fact.problem])));
  if (facts.some((fact) => fact.kind === 'cycle')) problems.add('cycle');
  if (hasClash(demands)) return 'dependency_conflict';
  const [only] = problems;
  if (problems.size !== 1) return 'dependency_conflict';
  if (only === 'missing' || only === 'unavailable') return 'dependency_missing';
  if (only === 'bad_range') return 'template_invalid';
  return only === 'cycle' ? 'dependency_cycle' : 'dependency_conflict';
}

/** Whether two dependents want the same template in ranges that exclude each other. */
function hasClash(demands: readonly DemandFact[]): boolean {
  const byOf = (fact: DemandFact): string => (fact.kind === 'root' ? '' : fact.by);
  const possible = demands.filter((fact) => fact.problem === undefined);
  return possible.some((a) =>
    possible.some((b) => a.target === b.target && byOf(a) !== byOf(b) && (a.allowed & b.allowed) === 0n),
  );
}

function alternativesFor(universe: Universe, facts: readonly Fact[]): string[] {
  const missing = facts.filter(isDemand).filter((fact) => fact.problem === 'missing');
  return [...new Set(missing.flatMap((fact) => similarNames(fact.target, universe.knownNames)))];
}

function requirementOf(fact: DemandFact): { by: string | null; name: string; range: string } {
  return { by: fact.kind === 'root' ? null : fact.by, name: fact.target, range: fact.range ?? 'latest' };
}

function isDemand(fact: Fact): fact is DemandFact {
  return fact.kind === 'root' || fact.kind === 'needs' || fact.kind === 'required';
}
