import type { DependencySpec } from '../registry.ts';
import { bitOf } from './bits.ts';
import type { Candidate } from './candidates.ts';
import type { NeedsFact, StatedFact } from './facts.ts';

/** What several candidates of a name need alike. */
export interface NeedGroup {
  registry: string;
  spec: DependencySpec;
  /** candidates, as bits */
  versions: bigint;
  /** Made when it is first asked for: most candidates are never looked at. */
  stated?: StatedFact<NeedsFact>;
}

/** The dependencies of one name's candidates, equal ones of several candidates as one. */
export class NeedGroups {
  readonly #candidates: readonly Candidate[];
  /** by the name that is needed */
  readonly #groups = new Map<string, NeedGroup[]>();

  constructor(candidates: readonly Candidate[]) {
    this.#candidates = candidates;
  }

  /** What some candidates (bits) need, sorted by that. */
  of(bits: bigint): NeedGroup[] {
    const meant = new Set<NeedGroup>();
    const fresh = new Map<string, NeedGroup[]>();
    this.#forEach((candidate, bit) => {
      if ((bit & bits) === 0n) return;
      for (const spec of candidate.dependencies) {
        const registry = spec.registry ?? candidate.registry;
        meant.add(find(this.#groups, spec, registry) ?? find(fresh, spec, registry) ?? addTo(fresh, spec, registry));
      }
    });
    if (fresh.size > 0) this.#keep(fresh);
    return [...meant].sort(byNeed);
  }

  /** Looks who else needs the same: only of what was asked for, since most candidates never are. */
  #keep(fresh: ReadonlyMap<string, NeedGroup[]>): void {
    this.#forEach((candidate, bit) => {
      for (const spec of candidate.dependencies) {
        const group = find(fresh, spec, spec.registry ?? candidate.registry);
        if (group !== undefined) group.versions |= bit;
      }
    });
    for (const [name, groups] of fresh) {
      const known = this.#groups.get(name);
      if (known === undefined) this.#groups.set(name, groups);
      else known.push(...groups);
    }
  }

  #forEach(look: (candidate: Candidate, bit: bigint) => void): void {
    this.#candidates.forEach((candidate, index) => {
      look(candidate, bitOf(index));
    });
  }
}

function find(groups: ReadonlyMap<string, NeedGroup[]>, spec: DependencySpec, registry: string): NeedGroup | undefined {
  return groups.get(spec.name)?.find((group) => group.registry === registry && areAlike(group.spec, spec));
}

function addTo(groups: Map<string, NeedGroup[]>, spec: DependencySpec, registry: string): NeedGroup {
  const group = { registry, spec, versions: 0n };
  const known = groups.get(spec.name);
  if (known === undefined) groups.set(spec.name, [group]);
  else known.push(group);
  return group;
}

function areAlike(a: DependencySpec, b: DependencySpec): boolean {
  return a.version === b.version && isBare(a) === isBare(b) && isOptional(a) === isOptional(b);
}

function byNeed(a: NeedGroup, b: NeedGroup): number {
  return (
    compare(a.spec.name, b.spec.name) ||
    compare(a.spec.version, b.spec.version) ||
    compare(a.registry, b.registry) ||
    Number(isBare(a.spec)) - Number(isBare(b.spec)) ||
    Number(isOptional(a.spec)) - Number(isOptional(b.spec))
  );
}

/** Whether it names no registry, and so means what is installed first. */
function isBare(spec: DependencySpec): boolean {
  return spec.registry === undefined;
}

function isOptional(spec: DependencySpec): boolean {
  return spec.optional === true;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
