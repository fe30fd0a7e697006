/**
 * Turns the facts behind a failure into sentences:
 * `shop 1.2.0 needs redis ^7.0.0, but gitea 2.0.0 (installed) needs redis ^6.2.0; no version of redis fits both (available: ...)`.
 * Facts that only say why a template is in play are folded into the first mention of it, in brackets.
 */
import { compareVersions } from '../versions.ts';
import type { Candidate } from './candidates.ts';
import type { CycleFact, DemandFact, Fact } from './facts.ts';
import type { Universe } from './universe.ts';

/** Versions listed one by one in a sentence; more are given as a number. */
const MAX_LISTED = 8;
/** Versions of a dependent listed one by one. */
const MAX_LISTED_DEPENDENTS = 3;
/** Sentences a person reads; a longer list is cut, with its length. */
const MAX_SENTENCES = 12;
/** Links of a chain of dependents that are spelled out. */
const MAX_CHAIN = 6;

export class Words {
  readonly #universe: Universe;
  readonly #demands: readonly DemandFact[];
  readonly #cycles: readonly CycleFact[];
  /** candidates that an earlier choice has settled, by name */
  readonly #settled: ReadonlyMap<string, bigint>;
  readonly #introduced = new Set<string>();

  constructor(universe: Universe, facts: readonly Fact[], settled: ReadonlyMap<string, bigint> = new Map()) {
    this.#universe = universe;
    this.#demands = facts.filter((fact) => fact.kind === 'root' || fact.kind === 'needs' || fact.kind === 'required');
    this.#cycles = facts.filter((fact) => fact.kind === 'cycle');
    this.#settled = settled;
  }

  /** The explanation, one statement each. */
  sentences(): string[] {
    const targets = [...new Set(this.#demands.map((fact) => fact.target))];
    const said = targets.flatMap((target) => this.#aboutTarget(target));
    said.push(...this.#cycles.map((fact) => `${fact.path.join(' -> ')} is a circle`));
    if (said.length <= MAX_SENTENCES) return said;
    return [...said.slice(0, MAX_SENTENCES), `and ${said.length - MAX_SENTENCES} more reasons`];
  }

  /** The newest versions of a template that its demands could choose among, in words. */
  available(target: string): string {
    const all = newestFirst(this.#universe.candidates(target));
    const severalRegistries = new Set(all.map((candidate) => candidate.registry)).size > 1;
    const shown = all.slice(0, MAX_LISTED).map((candidate) => {
      return `${candidate.version}${severalRegistries ? ` from ${candidate.registry}` : ''}${candidate.yanked ? ' (yanked)' : ''}`;
    });
    const more = all.length - shown.length;
    return `available: ${shown.join(', ') || 'none'}${more > 0 ? ` and ${more} older` : ''}`;
  }

  #aboutTarget(target: string): string[] {
    const facts = this.#demands.filter((fact) => fact.target === target);
    const impossible = facts.filter((fact) => fact.problem !== undefined).map((fact) => this.#impossible(fact));
    const rest = facts.filter((fact) => fact.problem === undefined);
    const againstChoice = this.#againstChoice(target, rest);
    if (againstChoice !== undefined) return [againstChoice, ...impossible];
    return rest.length > 1 ? [this.#contested(target, rest), ...impossible] : impossible;
  }

  #againstChoice(target: string, facts: readonly DemandFact[]): string | undefined {
    const bits = this.#settled.get(target);
    const against = facts.find((fact) => bits !== undefined && (fact.allowed & bits) === 0n);
    if (bits === undefined || against === undefined) return undefined;
    return `${this.#demand(against)}, but ${this.#versions(target, bits)} is chosen for others`;
  }

  #contested(target: string, facts: readonly DemandFact[]): string {
    const sides = new Map<string, DemandFact[]>();
    for (const fact of facts) sides.set(speaker(fact), [...(sides.get(speaker(fact)) ?? []), fact]);
    const [first, ...others] = [...sides.values()].map((side) => side.map((fact) => this.#demand(fact)).join(' and '));
    const listed = others.length === 0 ? `${first}` : `${first}, but ${others.join(', and ')}`;
    if (!haveNothingInCommon([...sides.values()])) return listed;
    return `${listed}; no version of ${target} fits ${sides.size === 2 ? 'both' : 'all of them'} (${this.available(target)})`;
  }

  #impossible(fact: DemandFact): string {
    const { target, registry } = fact;
    if (fact.problem === 'bad_range') return `${this.#demand(fact)}, which is not a range that can be read`;
    if (fact.problem === 'unavailable') {
      return `${this.#demand(fact)}, but registry ${registry} could not be asked: ${this.#universe.whyUnavailable(registry, target)}`;
    }
    if (fact.problem === 'missing') return `${this.#demand(fact)}, but registry ${registry} has no template ${target}`;
    return `${this.#demand(fact)}, but no version of ${target} fits that (${this.available(target)})`;
  }

  #demand(fact: DemandFact): string {
    const what = `${fact.target} ${fact.range ?? 'latest'}${this.#origin(fact)}`;
    if (fact.kind === 'root') return `${what} was asked for`;
    if (fact.kind === 'required')
      return `${fact.by}${fact.version === undefined ? '' : ` ${fact.version}`} (installed) needs ${what}`;
    const bits = fact.versions & this.#inPlay(fact.by, fact.versions);
    return `${this.#versions(fact.by, bits)}${this.#introduction(fact.by)} ${needVerb(bits)} ${what}`;
  }

  /** Names the registry only where there is more than one to confuse. */
  #origin(fact: DemandFact): string {
    const registries = new Set(this.#universe.candidates(fact.target).map((candidate) => candidate.registry));
    for (const other of this.#demands)
      if (other.target === fact.target && other.registry !== undefined) registries.add(other.registry);
    return registries.size > 1 && fact.registry !== undefined ? ` from ${fact.registry}` : '';
  }

  /** The candidates of a dependent that the other facts leave. */
  #inPlay(name: string, otherwise: bigint): bigint {
    const settled = this.#settled.get(name);
    const bits = settled ?? this.#demands.reduce((union, fact) => (fact.target === name ? union | fact.allowed : union), 0n);
    return (bits & otherwise) === 0n ? otherwise : bits;
  }

  #versions(name: string, bits: bigint): string {
    const chosen = newestFirst(this.#universe.candidates(name).filter((_, index) => (bits & (1n << BigInt(index + 1))) !== 0n));
    const texts = chosen.map((candidate) => `${candidate.version}${candidate.installed ? ' (installed)' : ''}`);
    if (texts.length <= 1) return `${name} ${texts[0] ?? ''}`.trim();
    if (texts.length <= MAX_LISTED_DEPENDENTS) return `${name} ${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`;
    return `${name} ${chosen.at(-1)?.version} to ${chosen[0]?.version} (${chosen.length} versions)`;
  }

  /** Why a template is in play at all, at its first mention: ` (shop 1.2.0 needs api ^1.0.0, which needs portal ^2.0.0)`. */
  #introduction(name: string): string {
    if (this.#introduced.has(name)) return '';
    this.#introduced.add(name);
    const links: string[] = [];
    let by = '';
    for (
      let fact = this.#onlyDemand(name);
      fact?.kind === 'needs' && links.length < MAX_CHAIN;
      fact = this.#onlyDemand(fact.by)
    ) {
      const bits = fact.versions & this.#inPlay(fact.by, fact.versions);
      by = this.#versions(fact.by, bits);
      links.unshift(`${needVerb(bits)} ${fact.target} ${fact.range}${this.#origin(fact)}`);
      this.#introduced.add(fact.by);
    }
    return by === '' ? '' : ` (${by} ${links.join(', which ')})`;
  }

  #onlyDemand(name: string): DemandFact | undefined {
    const facts = this.#demands.filter((fact) => fact.target === name);
    return facts.length === 1 ? facts[0] : undefined;
  }
}

/** Whether the demands of different dependents on one template exclude each other, whatever versions the dependents have. */
function haveNothingInCommon(sides: ReadonlyArray<readonly DemandFact[]>): boolean {
  const unions = sides.map((side) => side.reduce((union, fact) => union | fact.allowed, 0n));
  return unions.reduce((common, bits) => common & bits) === 0n;
}

/** One version needs, several need. */
function needVerb(bits: bigint): string {
  return (bits & (bits - 1n)) === 0n ? 'needs' : 'need';
}

/** Demands of one dependent's several versions stand on one side of a conflict. */
function speaker(fact: DemandFact): string {
  return fact.kind === 'root' ? '' : `${fact.kind} ${fact.by}`;
}

function newestFirst(candidates: readonly Candidate[]): Candidate[] {
  return [...candidates].sort((a, b) => compareVersions(b.version, a.version) || (a.registry < b.registry ? -1 : 1));
}
