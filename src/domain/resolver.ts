/**
 * Which versions an install gets. Two phases: `gatherCatalog` asks the registries for everything that may be needed; `resolve`
 * then decides, purely, so that the same catalog always gives the same lock.
 */
import { type Lock, type LockedTemplate, orderTemplates, type SkippedDependency } from './lock.ts';
import type { Catalog, ResolutionRoot } from './resolver/catalog.ts';
import { explainFailure, explainRoot, explainSkip } from './resolver/explain.ts';
import type { Fact } from './resolver/facts.ts';
import { NogoodSolver } from './resolver/nogoods.ts';
import { Search, type Selection } from './resolver/search.ts';
import { type Constraints, Universe } from './resolver/universe.ts';

export { type Catalog, type CatalogTemplate, gatherCatalog, type Lookup, type ResolutionRoot } from './resolver/catalog.ts';
export { gatherLocked, resolveLocked, yankedIn } from './resolver/locked.ts';
export { describeUpdate } from './resolver/moves.ts';
export type { Constraints } from './resolver/universe.ts';

/**
 * Chooses one version per name: the root and then its dependencies, level by level, each at the highest version that still leads
 * to a solution; an installed version that fits is kept, except for the root. Optional dependencies that cannot be had are skipped.
 * With `updateOnly` the root is kept, too, and only the names given go to their highest version (resolver/preference.ts).
 *
 * Fails with version_not_found (no version of the root fits its range), dependency_missing, dependency_conflict (in words, with
 * the fewest facts), dependency_cycle, template_invalid (a range that cannot be read stands in the way), too_large.
 */
export function resolve(root: ResolutionRoot, catalog: Catalog, constraints: Constraints = {}): Lock {
  const solver = new NogoodSolver<Fact>();
  const universe = new Universe(solver, root, catalog, constraints);
  const asked = universe.rootFact();
  if (asked.fact.kind === 'root' && asked.fact.problem !== undefined) throw explainRoot(universe, asked.fact);
  const selection = new Search(universe, solver).run();
  if (selection === undefined) throw explainFailure(universe, solver);
  const skipped = skippedOf(selection, universe, solver);
  return { root: root.name, templates: lockedOf(selection), ...(skipped.length > 0 ? { skipped } : {}) };
}

function lockedOf(selection: Selection): LockedTemplate[] {
  const dependencies = new Map<string, string[]>();
  const requiredBy = new Map<string, Dependent[]>();
  for (const { fact } of selection.edges) {
    append(dependencies, fact.by, fact.target);
    append(requiredBy, fact.target, { name: fact.by, range: fact.range ?? 'latest' });
  }
  const templates = [...selection.chosen].map(([name, { registry, version, digest, size, origin }]) => ({
    registry,
    name,
    version,
    digest,
    size,
    dependencies: [...new Set(dependencies.get(name))].sort(),
    requiredBy: (requiredBy.get(name) ?? []).sort(byDependent).filter((entry, at, all) => !isSame(entry, all[at - 1])),
    ...(origin && { origin }),
  }));
  return orderTemplates(templates);
}

type Dependent = LockedTemplate['requiredBy'][number];

function byDependent(a: Dependent, b: Dependent): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  // As JSON, because that is how locks have been sorted since the first one.
  return JSON.stringify(a.range) < JSON.stringify(b.range) ? -1 : 1;
}

function isSame(a: Dependent, b: Dependent | undefined): boolean {
  return a.name === b?.name && a.range === b.range;
}

function skippedOf(selection: Selection, universe: Universe, solver: NogoodSolver<Fact>): SkippedDependency[] {
  const skipped = selection.skipped.map(({ fact, reason }) => ({
    name: fact.target,
    range: fact.range ?? 'latest',
    why: explainSkip(universe, solver, fact, reason),
  }));
  return skipped.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function append<V>(lists: Map<string, V[]>, name: string, value: V): void {
  const known = lists.get(name);
  if (known === undefined) lists.set(name, [value]);
  else known.push(value);
}
