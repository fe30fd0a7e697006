/**
 * What there is to choose from, as the solver sees it: one variable per template name (a namespace holds one version of a name),
 * value 0 = not part of the lock, values 1..n = its candidates in the order of preference.
 */
import type { ArchiveOrigin } from '../lock.ts';
import type { DependencySpec } from '../registry.ts';
import { compareVersions, isRange, selectVersions } from '../versions.ts';
import { type Catalog, fittingEntries, type InstalledTemplate, type ResolutionRoot } from './catalog.ts';
import type { Fact, NeedsFact, Problem, RequiredFact, StatedFact } from './facts.ts';
import type { NogoodSolver, Term } from './nogoods.ts';

/** A range that an installed template puts on a name in the namespace. */
export interface InstalledRequirement {
  name: string;
  range: string;
  /** the installed template: `gitea`, or `gitea 2.0.0` */
  requiredBy: string;
}

export interface Constraints {
  installed?: readonly InstalledTemplate[];
  required?: readonly InstalledRequirement[];
  /** names to suggest from when a template is missing, besides those of the catalog */
  knownNames?: readonly string[];
}

export interface Candidate {
  registry: string;
  version: string;
  digest: string;
  size: number;
  dependencies: readonly DependencySpec[];
  yanked: boolean;
  installed: boolean;
  origin?: ArchiveOrigin;
}

/** Bit of "not part of the lock". */
export const ABSENT = 1n;
/** Bit of "the optional dependency is taken", in the variable of an option. */
export const TAKEN = 2n;

export class Universe {
  readonly names: readonly string[];
  readonly root: ResolutionRoot & { registry: string };
  readonly knownNames: readonly string[];
  readonly #variables = new Map<string, number>();
  readonly #candidates = new Map<string, readonly Candidate[]>();
  readonly #needs = new Map<string, StatedFact<NeedsFact>[]>();
  readonly #masks = new Map<string, bigint>();
  readonly #unavailable: ReadonlyMap<string, string>;
  readonly #installed: ReadonlyMap<string, InstalledTemplate>;
  readonly #required: readonly InstalledRequirement[];
  readonly #solver: NogoodSolver<Fact>;

  constructor(solver: NogoodSolver<Fact>, root: ResolutionRoot, catalog: Catalog, constraints: Constraints) {
    this.#solver = solver;
    this.root = { ...root, registry: catalog.root.registry };
    this.#installed = new Map((constraints.installed ?? []).map((entry) => [entry.name, entry]));
    const required = (constraints.required ?? []).map((entry) => ({
      ...entry,
      requiredBy: entry.requiredBy.split(' ')[0] ?? '',
    }));
    this.#required = required.sort(byRequirement);
    this.#unavailable = new Map(catalog.unavailable.map((entry) => [`${entry.registry}/${entry.name}`, entry.why]));
    const offered = offeredCandidates(catalog);
    const wanted = catalog.missing.concat(catalog.unavailable).map((entry) => entry.name);
    this.names = [...new Set([...offered.keys(), ...this.#installed.keys(), ...wanted, root.name])].sort();
    this.knownNames = [...new Set([...offered.keys(), ...(constraints.knownNames ?? [])])].sort();
    for (const name of this.names) this.#introduce(name, offered.get(name) ?? []);
  }

  variable(name: string): number {
    const known = this.#variables.get(name);
    return known ?? this.#introduce(name, []);
  }

  candidates(name: string): readonly Candidate[] {
    return this.#candidates.get(name) ?? [];
  }

  /** Why the registry could not be asked, or undefined where it could. */
  whyUnavailable(registry: string | undefined, name: string): string | undefined {
    return this.#unavailable.get(`${registry}/${name}`);
  }

  /** What was asked for: the root is part of the lock, within its range. Yanked only where named exactly. */
  rootFact(): StatedFact {
    const { name, range, registry } = this.root;
    const own = this.candidates(name).filter((candidate) => candidate.registry === registry);
    const allowed = this.#bits(name, registry, fittingEntries(own, range));
    const variable = this.variable(name);
    const fact: Fact = {
      kind: 'root',
      target: name,
      range,
      registry,
      allowed,
      ...(allowed === 0n ? { problem: 'no_version' } : {}),
    };
    return { fact, terms: [{ variable, values: this.#solver.full(variable) & ~allowed }] };
  }

  /** What the installed templates demand. It binds only while they stay as they are: another version of one brings its own. */
  requiredFacts(): StatedFact[] {
    const known = new Set(this.names);
    return this.#required
      .filter((entry) => known.has(entry.name) && entry.requiredBy !== this.root.name)
      .map((entry) => this.#requiredFact(entry));
  }

  /** The dependencies of all candidates of a name, equal ones of several versions as one fact; sorted by what they need. */
  needs(name: string): readonly StatedFact<NeedsFact>[] {
    const known = this.#needs.get(name);
    if (known !== undefined) return known;
    const grouped = new Map<string, { registry: string; spec: DependencySpec; versions: bigint }>();
    for (const [index, candidate] of this.candidates(name).entries()) {
      for (const spec of candidate.dependencies) {
        const registry = spec.registry ?? candidate.registry;
        const key = JSON.stringify([spec.name, spec.version, registry, spec.registry === undefined, spec.optional === true]);
        const group = grouped.get(key) ?? { registry, spec, versions: 0n };
        group.versions |= 1n << BigInt(index + 1);
        grouped.set(key, group);
      }
    }
    const sorted = [...grouped].sort(([a], [b]) => (a < b ? -1 : 1));
    const facts = sorted.map(([, group]) => this.#needsFact(name, group.registry, group.spec, group.versions));
    this.#needs.set(name, facts);
    return facts;
  }

  #introduce(name: string, offered: Candidate[]): number {
    const candidates = [...offered];
    const installed = this.#installed.get(name);
    const isRoot = name === this.root.name;
    if (installed !== undefined && !isRoot) this.#keepInstalled(candidates, installed);
    candidates.sort(byPreference);
    this.#candidates.set(name, candidates);
    const variable = this.#solver.addVariable(candidates.length + 1);
    this.#variables.set(name, variable);
    return variable;
  }

  /** The installed bytes stand for that version, also where the registry has since yanked, dropped or changed it. */
  #keepInstalled(candidates: Candidate[], installed: InstalledTemplate): void {
    const index = candidates.findIndex((entry) => entry.registry === installed.registry && entry.version === installed.version);
    const listed = candidates[index];
    if (listed !== undefined) {
      candidates[index] = { ...listed, digest: installed.digest, yanked: false, installed: true };
      return;
    }
    const own = this.#required.filter((entry) => entry.requiredBy === installed.name);
    const dependencies = own.map((entry) => ({ name: entry.name, version: entry.range }));
    candidates.push({ ...installed, size: 0, dependencies, yanked: false, installed: true });
  }

  #requiredFact({ name, range, requiredBy }: InstalledRequirement): StatedFact<RequiredFact> {
    const variable = this.variable(name);
    // What an installed template was locked to must not be swapped for a namesake of another registry.
    const registry = this.#installed.get(name)?.registry;
    const own = this.candidates(name).filter((candidate) => registry === undefined || candidate.registry === registry);
    const fitting = selectVersions(
      own.map((candidate) => candidate.version),
      range,
    );
    const allowed = this.#bits(name, registry, fitting);
    const values = this.#solver.full(variable) & ~ABSENT & ~allowed;
    const terms = [{ variable, values }, ...this.#unchanged(requiredBy)];
    return {
      fact: {
        kind: 'required',
        by: requiredBy,
        version: this.#installed.get(requiredBy)?.version,
        target: name,
        range,
        registry,
        allowed,
      },
      terms,
    };
  }

  #unchanged(name: string): Term[] {
    const variable = this.#variables.get(name);
    if (variable === undefined) return [];
    const index = this.candidates(name).findIndex((candidate) => candidate.installed);
    return [{ variable, values: ABSENT | (index < 0 ? 0n : 1n << BigInt(index + 1)) }];
  }

  #needsFact(by: string, registry: string, spec: DependencySpec, versions: bigint): StatedFact<NeedsFact> {
    const target = this.variable(spec.name);
    const allowed = this.#allowed(spec, registry);
    const problem = allowed === 0n ? this.#problem(spec, registry) : undefined;
    const demand = { target: spec.name, range: spec.version, registry, allowed, ...(problem === undefined ? {} : { problem }) };
    const terms = [
      { variable: this.variable(by), values: versions },
      { variable: target, values: this.#solver.full(target) & ~allowed },
    ];
    if (spec.optional !== true) return { fact: { kind: 'needs', by, versions, ...demand }, terms };
    const option = this.#solver.addVariable(2);
    return { fact: { kind: 'needs', by, versions, option, ...demand }, terms: [...terms, { variable: option, values: TAKEN }] };
  }

  #allowed(spec: DependencySpec, registry: string): bigint {
    const key = JSON.stringify([spec.name, spec.version, registry, spec.registry === undefined]);
    const known = this.#masks.get(key);
    if (known !== undefined) return known;
    const candidates = this.candidates(spec.name);
    const own = candidates.filter((candidate) => candidate.registry === registry);
    let mask = this.#bits(spec.name, registry, fittingEntries(own, spec.version));
    // A bare name means what is installed first, whichever registry that came from; and what is installed stays where it fits.
    const installed = candidates.find(
      (candidate) => candidate.installed && (spec.registry === undefined || candidate.registry === registry),
    );
    if (installed !== undefined && selectVersions([installed.version], spec.version).length > 0) {
      mask |= this.#bits(spec.name, installed.registry, [installed.version]);
    }
    this.#masks.set(key, mask);
    return mask;
  }

  #problem(spec: DependencySpec, registry: string): Problem {
    if (!isRange(spec.version)) return 'bad_range';
    if (this.#unavailable.has(`${registry}/${spec.name}`)) return 'unavailable';
    return this.candidates(spec.name).some((candidate) => candidate.registry === registry) ? 'no_version' : 'missing';
  }

  #bits(name: string, registry: string | undefined, versions: readonly string[]): bigint {
    const wanted = new Set(versions);
    let bits = 0n;
    for (const [index, candidate] of this.candidates(name).entries()) {
      if (wanted.has(candidate.version) && (registry === undefined || candidate.registry === registry))
        bits |= 1n << BigInt(index + 1);
    }
    return bits;
  }
}

function offeredCandidates(catalog: Catalog): Map<string, Candidate[]> {
  const offered = new Map<string, Candidate[]>();
  for (const { registry, name, versions } of catalog.templates) {
    const candidates = versions.map(({ version, digest, size, dependencies, yanked, origin }) => {
      const where = origin && { origin };
      return { registry, version, digest, size, dependencies, yanked: yanked === true, installed: false, ...where };
    });
    offered.set(name, [...(offered.get(name) ?? []), ...candidates]);
  }
  return offered;
}

/** What is installed first, then the newest, then the registry's name. */
function byPreference(a: Candidate, b: Candidate): number {
  return Number(b.installed) - Number(a.installed) || compareVersions(b.version, a.version) || (a.registry < b.registry ? -1 : 1);
}

function byRequirement(a: InstalledRequirement, b: InstalledRequirement): number {
  const keyOf = (entry: InstalledRequirement): string => JSON.stringify([entry.requiredBy, entry.name, entry.range]);
  return keyOf(a) < keyOf(b) ? -1 : 1;
}
