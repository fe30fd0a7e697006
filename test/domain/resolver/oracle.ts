/**
 * The resolver's rules written a second time, as plainly as possible: chronological backtracking, no learning. Far too slow for
 * real catalogs, and the measure of the real one on small ones.
 */
import semver from 'semver';
import type { DependencySpec } from '../../../src/domain/registry.ts';
import type { Catalog, Constraints } from '../../../src/domain/resolver.ts';

interface Pick {
  registry: string;
  version: string;
  yanked: boolean;
  installed: boolean;
  dependencies: DependencySpec[];
}

type Demand = (pick: Pick) => boolean;
type Item = { name: string } | { by: string; dependency: DependencySpec; registry: string };

interface State {
  chosen: Map<string, Pick>;
  demands: Array<{ name: string; accepts: Demand }>;
  edges: Array<[string, string]>;
  skipped: string[];
}

/** `registry/name@version` of everything chosen and the names skipped, sorted; undefined where nothing fits. */
export function bruteForce(
  root: { name: string; range?: string; prerelease?: boolean },
  catalog: Catalog,
  constraints: Constraints = {},
): string[] | undefined {
  const installed = new Map((constraints.installed ?? []).map((entry) => [entry.name, entry]));
  const memory = new Map<string, Pick[]>();
  const updated = constraints.updateOnly ?? [];
  const laneOf = lanes(root.name, updated, constraints.required ?? []);
  const picksOf = (name: string): Pick[] => {
    const stays = name !== root.name || (updated.length > 0 && !updated.includes(name));
    const known = memory.get(name) ?? picks(name, stays ? installed.get(name) : undefined, catalog, updated.includes(name));
    memory.set(name, known);
    return known;
  };
  const rootDemand = accept(root.range ?? 'latest', catalog.root.registry, true, picksOf(root.name), {
    prerelease: root.prerelease,
  });

  const isSettled = (state: State): boolean => {
    if (hasCycle(state.edges)) return false;
    return (constraints.required ?? []).every(({ name, range, requiredBy }) => {
      const pick = state.chosen.get(name);
      const by = state.chosen.get(requiredBy);
      if (pick === undefined || requiredBy === root.name || (by !== undefined && !by.installed)) return true;
      const registry = installed.get(name)?.registry;
      return semver.satisfies(pick.version, range) && (registry === undefined || registry === pick.registry);
    });
  };

  const take = (state: State, by: string, dependency: DependencySpec, registry: string): State | undefined => {
    const accepts = accept(dependency.version, registry, dependency.registry !== undefined, picksOf(dependency.name), {
      updated: updated.includes(dependency.name),
    });
    const pick = state.chosen.get(dependency.name);
    if (pick !== undefined && !accepts(pick)) return undefined;
    return {
      ...state,
      demands: [...state.demands, { name: dependency.name, accepts }],
      edges: [...state.edges, [by, dependency.name]],
    };
  };

  const visit = (agenda: readonly Item[], state: State): State | undefined => {
    const lane = Math.min(...agenda.map((each) => laneOf(targetOf(each))));
    const item = agenda.find((each) => laneOf(targetOf(each)) === lane);
    const rest = agenda.filter((each) => each !== item);
    if (item === undefined) return isSettled(state) ? state : undefined;
    if ('dependency' in item) {
      const { by, dependency, registry } = item;
      const taken = take(state, by, dependency, registry);
      const solved = taken && visit([...rest, { name: dependency.name }], taken);
      return solved ?? visit(rest, { ...state, skipped: [...state.skipped, dependency.name] });
    }
    if (state.chosen.has(item.name)) return visit(rest, state);
    for (const pick of picksOf(item.name)) {
      if (!state.demands.every(({ name, accepts }) => name !== item.name || accepts(pick))) continue;
      const sorted = [...pick.dependencies].sort((a, b) => (a.name < b.name ? -1 : 1));
      let next: State | undefined = { ...state, chosen: new Map(state.chosen).set(item.name, pick) };
      for (const dependency of sorted) {
        if (dependency.optional !== true) next = next && take(next, item.name, dependency, dependency.registry ?? pick.registry);
      }
      if (next === undefined) continue;
      const options = sorted.filter(({ optional }) => optional === true);
      const items = options.map((dependency) => ({ by: item.name, dependency, registry: dependency.registry ?? pick.registry }));
      const names = sorted.filter(({ optional }) => optional !== true).map(({ name }) => ({ name }));
      const solved = visit([...rest, ...items, ...names], next);
      if (solved !== undefined) return solved;
    }
    return undefined;
  };

  const start = { chosen: new Map(), demands: [{ name: root.name, accepts: rootDemand }], edges: [], skipped: [] };
  const solution = visit([{ name: root.name }], start);
  if (solution === undefined) return undefined;
  const chosen = [...solution.chosen].map(([name, pick]) => `${pick.registry}/${name}@${pick.version}`);
  return [...chosen.sort(), ...solution.skipped.map((name) => `skipped ${name}`).sort()];
}

function targetOf(item: Item): string {
  return 'dependency' in item ? item.dependency.name : item.name;
}

/** In an update of some names only: what needs them, then they, then the rest. */
function lanes(root: string, updated: readonly string[], required: NonNullable<Constraints['required']>) {
  const needs = (by: string, seen: readonly string[]): boolean =>
    updated.includes(by) ||
    required.some(({ name, requiredBy }) => requiredBy === by && !seen.includes(name) && needs(name, [...seen, name]));
  return (name: string): number => {
    if (updated.length === 0) return 0;
    if (updated.includes(name)) return 1;
    return name === root || needs(name, [name]) ? 0 : 2;
  };
}

function picks(
  name: string,
  installed: { version: string; registry: string } | undefined,
  catalog: Catalog,
  updated: boolean,
): Pick[] {
  const found = catalog.templates
    .filter((template) => template.name === name)
    .flatMap(({ registry, versions }) => {
      return versions.map((entry) => {
        const isInstalled = installed?.registry === registry && installed.version === entry.version;
        const yanked = entry.yanked === true && !isInstalled;
        return { registry, version: entry.version, yanked, installed: isInstalled, dependencies: entry.dependencies };
      });
    });
  const first = (pick: Pick) => Number(updated && installed ? pick.registry === installed.registry : pick.installed);
  return found.sort((a, b) => {
    return first(b) - first(a) || semver.rcompare(a.version, b.version) || (a.registry < b.registry ? -1 : 1);
  });
}

interface Leave {
  /** pre-releases count */
  prerelease?: boolean | undefined;
  /** the name is brought up to date: within the registry it was installed from, too */
  updated?: boolean;
}

function accept(range: string, registry: string, explicit: boolean, all: readonly Pick[], leave: Leave): Demand {
  const { prerelease: includePrerelease = false, updated = false } = leave;
  const installed = all.find((pick) => pick.installed && (!explicit || pick.registry === registry));
  const chooses = (from: string): Demand => {
    const own = all.filter((pick) => pick.registry === from && (!pick.yanked || pick.version === range));
    const any = includePrerelease || own.every((pick) => semver.prerelease(pick.version) !== null);
    return (pick) => {
      if (!own.includes(pick)) return false;
      if (range === 'latest') return any || semver.prerelease(pick.version) === null;
      return semver.satisfies(pick.version, range, { includePrerelease });
    };
  };
  return (pick) => {
    if (pick === installed) return range === 'latest' || semver.satisfies(pick.version, range, { includePrerelease });
    return chooses(registry)(pick) || (updated && installed !== undefined && chooses(installed.registry)(pick));
  };
}

function hasCycle(edges: ReadonlyArray<readonly [string, string]>): boolean {
  let left = edges;
  for (;;) {
    const sources = new Set(left.map(([from]) => from));
    const next = left.filter(([, to]) => sources.has(to));
    if (next.length === left.length) return left.length > 0;
    left = next;
  }
}
