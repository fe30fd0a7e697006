/**
 * What there is to choose from, as the solver sees it: one variable per template name (a namespace holds one version of a name),
 * value 0 = not part of the lock, values 1..n = its candidates in the order of preference.
 */
import type { DependencySpec } from '../registry.ts';
import { fits, isRange, type RangeOptions, readVersion, selectVersions, sorted } from '../versions.ts';
import { bitOf } from './bits.ts';
import { type Candidate, offeredCandidates, shelve } from './candidates.ts';
import type { Catalog, InstalledTemplate, ResolutionRoot } from './catalog.ts';
import type { Fact, NeedsFact, Problem, RequiredFact, StatedFact } from './facts.ts';
import { type NeedGroup, NeedGroups } from './need-groups.ts';
import type { Term } from './nogood.ts';
import type { NogoodSolver } from './nogoods.ts';
import { byPreference, type Lane, Preference } from './preference.ts';
import type { Shelf } from './shelf.ts';

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
  /**
   * Only these are brought up to date: the root and everything else stay as installed unless they must move. What needs one of them
   * never moves for its sake; what it needs moves where its newest version wants that.
   */
  updateOnly?: readonly string[];
  /** names to suggest from when a template is missing, besides those of the catalog */
  knownNames?: readonly string[];
}

/** Bit of "not part of the lock". */
export const ABSENT = 1n;
/** Bit of "the optional dependency is taken", in the variable of an option. */
export const TAKEN = 2n;

interface Known {
  variable: number;
  candidates: readonly Candidate[];
  shelves: ReadonlyMap<string, Shelf>;
  needs: NeedGroups;
}

export class Universe {
  readonly names: readonly string[];
  readonly root: ResolutionRoot & { registry: string };
  readonly knownNames: readonly string[];
  readonly #known = new Map<string, Known>();
  /** by variable; none for the variable of an option */
  readonly #nameOf: string[] = [];
  readonly #unavailable: ReadonlyMap<string, string>;
  readonly #installed: ReadonlyMap<string, InstalledTemplate>;
  readonly #required: readonly InstalledRequirement[];
  readonly #preference: Preference;
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
    this.#preference = new Preference(root.name, this.#required, constraints.updateOnly);
    this.#unavailable = new Map(catalog.unavailable.map((entry) => [`${entry.registry}/${entry.name}`, entry.why]));
    const offered = offeredCandidates(catalog);
    const wanted = catalog.missing.concat(catalog.unavailable).map((entry) => entry.name);
    this.names = [...new Set([...offered.keys(), ...this.#installed.keys(), ...wanted, root.name])].sort();
    this.knownNames = [...new Set([...offered.keys(), ...(constraints.knownNames ?? [])])].sort();
    for (const name of this.names) this.#introduce(name, offered.get(name) ?? []);
  }

  variable(name: string): number {
    return (this.#known.get(name) ?? this.#introduce(name, [])).variable;
  }

  /** The name a variable stands for; undefined for an option's. */
  nameOf(variable: number): string | undefined {
    return this.#nameOf[variable];
  }

  /** When the name is decided, among those that could be next. */
  lane(name: string): Lane {
    return this.#preference.lane(name);
  }

  candidates(name: string): readonly Candidate[] {
    return this.#known.get(name)?.candidates ?? [];
  }

  /** Why the registry could not be asked, or undefined where it could. */
  whyUnavailable(registry: string | undefined, name: string): string | undefined {
    return this.#unavailable.get(`${registry}/${name}`);
  }

  /** What was asked for: the root is part of the lock, within its range. Yanked only where named exactly. */
  rootFact(): StatedFact {
    const { name, range, registry, prerelease } = this.root;
    const kept = this.candidates(name).find((candidate) => candidate.installed && candidate.registry === registry);
    const stays = kept !== undefined && fits(kept.version, range, { prerelease });
    const allowed = this.#fitting(name, registry, range, { prerelease }) | (stays ? this.#bit(name, kept) : 0n);
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

  /** The dependencies of some candidates of a name (bits), equal ones of several versions as one fact; sorted by what they need. */
  needs(name: string, of: bigint): readonly StatedFact<NeedsFact>[] {
    const groups = this.#known.get(name)?.needs.of(of) ?? [];
    return groups.map((group) => {
      group.stated ??= this.#needsFact(name, group);
      return group.stated;
    });
  }

  #numbered(name: string): Array<{ candidate: Candidate; bit: bigint }> {
    return this.candidates(name).map((candidate, index) => ({ candidate, bit: bitOf(index) }));
  }

  #introduce(name: string, offered: Candidate[]): Known {
    const candidates = [...offered];
    const installed = this.#installed.get(name);
    if (installed !== undefined && this.#preference.mayStay(name)) this.#keepInstalled(candidates, installed);
    sorted(candidates, byPreference(this.#preference.isUpdated(name) ? installed?.registry : undefined));
    const variable = this.#solver.addVariable(candidates.length + 1);
    const known = { variable, candidates, shelves: shelve(candidates), needs: new NeedGroups(candidates) };
    this.#known.set(name, known);
    this.#nameOf[variable] = name;
    return known;
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
    const read = readVersion(installed.version);
    candidates.push({ ...installed, size: 0, dependencies, yanked: false, installed: true, read });
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
    const known = this.#known.get(name);
    if (known === undefined) return [];
    const index = known.candidates.findIndex((candidate) => candidate.installed);
    return [{ variable: known.variable, values: ABSENT | (index < 0 ? 0n : bitOf(index)) }];
  }

  #needsFact(by: string, { registry, spec, versions }: NeedGroup): StatedFact<NeedsFact> {
    const target = this.variable(spec.name);
    const allowed = this.#allowed(spec, registry);
    const fact: NeedsFact = { kind: 'needs', by, versions, target: spec.name, range: spec.version, registry, allowed };
    if (allowed === 0n) fact.problem = this.#problem(spec, registry);
    const terms = [
      { variable: this.variable(by), values: versions },
      { variable: target, values: this.#solver.full(target) & ~allowed },
    ];
    if (spec.optional === true) {
      fact.option = this.#solver.addVariable(2);
      terms.push({ variable: fact.option, values: TAKEN });
    }
    return { fact, terms };
  }

  #allowed(spec: DependencySpec, registry: string): bigint {
    let mask = this.#fitting(spec.name, registry, spec.version);
    // A bare name means what is installed first, whichever registry that came from; and what is installed stays where it fits.
    const installed = this.#installed.has(spec.name)
      ? this.candidates(spec.name).find(
          (candidate) => candidate.installed && (spec.registry === undefined || candidate.registry === registry),
        )
      : undefined;
    if (installed !== undefined) {
      if (this.#preference.isUpdated(spec.name)) mask |= this.#fitting(spec.name, installed.registry, spec.version);
      if (fits(installed.version, spec.version)) mask |= this.#bit(spec.name, installed);
    }
    return mask;
  }

  #problem(spec: DependencySpec, registry: string): Problem {
    if (!isRange(spec.version)) return 'bad_range';
    if (this.#unavailable.has(`${registry}/${spec.name}`)) return 'unavailable';
    return this.candidates(spec.name).some((candidate) => candidate.registry === registry) ? 'no_version' : 'missing';
  }

  #fitting(name: string, registry: string, range: string | undefined, options?: RangeOptions): bigint {
    return this.#known.get(name)?.shelves.get(registry)?.fitting(range, options) ?? 0n;
  }

  #bit(name: string, { registry, version }: { registry: string; version: string }): bigint {
    return this.#known.get(name)?.shelves.get(registry)?.bit(version) ?? 0n;
  }

  #bits(name: string, registry: string | undefined, versions: readonly string[]): bigint {
    const wanted = new Set(versions);
    const meant = this.#numbered(name).filter(
      ({ candidate }) => wanted.has(candidate.version) && (registry === undefined || candidate.registry === registry),
    );
    return meant.reduce((bits, { bit }) => bits | bit, 0n);
  }
}

function byRequirement(a: InstalledRequirement, b: InstalledRequirement): number {
  const keyOf = (entry: InstalledRequirement): string => JSON.stringify([entry.requiredBy, entry.name, entry.range]);
  return keyOf(a) < keyOf(b) ? -1 : 1;
}
