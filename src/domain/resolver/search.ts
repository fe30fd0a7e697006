/**
 * The order in which choices are made, which is also the order of preference: the root first, then what it depends on, level by
 * level and by name within a level, each at its most preferred candidate that still leads to a solution. Where only some names are
 * to be brought up to date, what needs them comes first, then they themselves, then the rest (preference.ts). The answer is the one
 * that plain backtracking in this order would find first; learning only finds it sooner.
 */
import { ChandleryError } from '../errors.ts';
import { Agenda, type Item, itemsOf, type Mark, type OptionItem, type TemplateItem } from './agenda.ts';
import type { Candidate } from './candidates.ts';
import { findCycles, type SelectedEdge } from './cycles.ts';
import type { DemandFact, Fact, NeedsFact, StatedFact } from './facts.ts';
import { RESOLVE_LIMITS } from './limits.ts';
import type { Nogood, Term } from './nogood.ts';
import type { NogoodSolver } from './nogoods.ts';
import { ABSENT, TAKEN, type Universe } from './universe.ts';

interface Visit {
  item: Item;
  /** decisions standing when it was settled; it is forgotten when the solver falls below */
  level: number;
  /** where the agenda stood before */
  before: Mark;
}

type Needs = readonly StatedFact<NeedsFact>[];

export interface Selection {
  chosen: Map<string, Candidate>;
  edges: SelectedEdge[];
  skipped: Array<{ fact: NeedsFact; reason: Nogood<Fact> | undefined }>;
}

export class Search {
  readonly #universe: Universe;
  readonly #solver: NogoodSolver<Fact>;
  readonly #stated = new Set<StatedFact>();
  /** What whole candidates need, all of which was told: asked far more often than there are facts. */
  readonly #told = new Set<Needs>();
  /** Told, and what it leads to not yet looked at. */
  readonly #ahead: DemandFact[] = [];
  readonly #needs = new Map<string, Map<bigint, Needs>>();
  readonly #agenda: Agenda;
  /** of the selection that was looked at last */
  #edges: SelectedEdge[] = [];
  #visits: Visit[] = [];
  #visited = new Set<string>();

  constructor(universe: Universe, solver: NogoodSolver<Fact>) {
    this.#universe = universe;
    this.#solver = solver;
    this.#agenda = new Agenda((name) => universe.lane(name));
  }

  /** The most preferred selection, or undefined where there is none (the solver then holds the refutation). */
  run(): Selection | undefined {
    this.#state(this.#universe.rootFact());
    for (const stated of this.#universe.requiredFacts()) this.#state(stated);
    this.#agenda.plan([{ name: this.#universe.root.name }]);
    for (;;) {
      if (!this.#solver.settle()) return undefined;
      this.#checkEffort();
      this.#forget();
      if (this.#stateAhead()) continue;
      const item = this.#agenda.next((name) => this.#visited.has(name));
      if (item !== undefined) this.#process(item);
      else if (this.#isFinished()) return this.#selection();
    }
  }

  #checkEffort(): void {
    if (this.#solver.conflicts <= RESOLVE_LIMITS.maxConflicts) return;
    const message = `No set of versions was found for ${this.#universe.root.name} after ${RESOLVE_LIMITS.maxConflicts} dead ends; narrow the ranges of its dependencies.`;
    throw new ChandleryError('too_large', message, { template: this.#universe.root.name });
  }

  /** Tells the solver a fact; true where it was new. */
  #state(stated: StatedFact): boolean {
    if (this.#stated.has(stated)) return false;
    this.#stated.add(stated);
    this.#solver.add(stated.fact, stated.terms);
    if ('allowed' in stated.fact) this.#ahead.push(stated.fact);
    return true;
  }

  /**
   * Tells the solver what the best candidates of everything in sight need, long before their turn: a dead end is met where it begins,
   * not thousands of choices later. True where there was something new.
   */
  #stateAhead(): boolean {
    const known = this.#stated.size;
    for (let next = this.#solver.takeNarrowed(); next !== undefined; next = this.#solver.takeNarrowed()) {
      const name = this.#universe.nameOf(next);
      if (name !== undefined) this.#stateBest(name, this.#solver.domain(next));
    }
    for (let fact = this.#ahead.pop(); fact !== undefined; fact = this.#ahead.pop()) {
      this.#stateBest(fact.target, fact.allowed & this.#solver.domain(this.#universe.variable(fact.target)));
    }
    return this.#stated.size > known;
  }

  #stateBest(name: string, candidates: bigint): void {
    const best = lowestBit(candidates & ~ABSENT);
    if (best === 0n) return;
    this.#tell(this.#needsOf(name, best));
  }

  /** True where one of them was new. */
  #tell(needs: Needs): boolean {
    if (this.#told.has(needs)) return false;
    this.#told.add(needs);
    return needs.filter((stated) => this.#state(stated)).length > 0;
  }

  /** Drops the visits that the solver has jumped back over. */
  #forget(): void {
    for (let last = this.#visits.at(-1); last !== undefined && last.level > this.#solver.level; last = this.#visits.at(-1)) {
      this.#visits.pop();
      this.#agenda.reset(last.before);
      if ('name' in last.item) this.#visited.delete(last.item.name);
    }
  }

  #process(item: Item): void {
    if ('option' in item) this.#processOption(item);
    else this.#processTemplate(item);
  }

  #processOption(item: OptionItem): void {
    if (this.#solver.domain(item.option) === (ABSENT | TAKEN)) this.#solver.decide(item.option, TAKEN);
    const taken = this.#solver.domain(item.option) === TAKEN;
    this.#record(item, taken ? [{ name: item.fact.target }] : []);
  }

  #processTemplate(item: TemplateItem): void {
    const variable = this.#universe.variable(item.name);
    const best = lowestBit(this.#solver.domain(variable) & ~ABSENT);
    if (best === 0n) throw new ChandleryError('internal', `The resolver lost every candidate of ${item.name} without a reason.`);
    const needs = this.#needsOf(item.name, best);
    // New facts may rule the candidate out at once: hear them before choosing it.
    if (this.#tell(needs)) return;
    if (this.#solver.domain(variable) !== best) this.#solver.decide(variable, best);
    this.#record(item, itemsOf(needs));
  }

  /** What one candidate depends on; worked out once, for it is asked at every return. */
  #needsOf(name: string, candidate: bigint): Needs {
    let byCandidate = this.#needs.get(name);
    if (byCandidate === undefined) {
      byCandidate = new Map();
      this.#needs.set(name, byCandidate);
    }
    let needs = byCandidate.get(candidate);
    if (needs === undefined) {
      needs = this.#universe.needs(name, candidate);
      byCandidate.set(candidate, needs);
    }
    return needs;
  }

  #record(item: Item, next: readonly Item[]): void {
    this.#visits.push({ item, level: this.#solver.level, before: this.#agenda.mark() });
    if ('name' in item) this.#visited.add(item.name);
    this.#agenda.pass(item);
    this.#agenda.plan(next);
  }

  /** Everything is chosen; false where a rule about the whole (no circles, nothing unwanted) now objects, or more must be decided. */
  #isFinished(): boolean {
    const unwanted = this.#universe.names.filter((name) => !this.#visited.has(name) && !this.#mayBeAbsent(name));
    if (unwanted.length > 0) {
      this.#rejectUnwanted(unwanted);
      return false;
    }
    this.#edges = this.#takenEdges();
    const cycles = findCycles(this.#edges, this.#chosenVersions());
    for (const cycle of cycles) this.#rejectCycle(cycle);
    return cycles.length === 0;
  }

  #mayBeAbsent(name: string): boolean {
    return (this.#solver.domain(this.#universe.variable(name)) & ABSENT) !== 0n;
  }

  /** Installed demands can push a template in that nobody in the lock asks for; that is no way out of a conflict. */
  #rejectUnwanted(unwanted: string[]): void {
    for (const name of this.#universe.names) {
      const variable = this.#universe.variable(name);
      if (this.#visited.has(name) || !this.#mayBeAbsent(name) || this.#solver.domain(variable) === ABSENT) continue;
      this.#solver.decide(variable, ABSENT);
      return;
    }
    const inside = new Set(unwanted);
    const outside = this.#universe.names.filter((name) => !inside.has(name));
    const allOf = (name: string): bigint => this.#solver.full(this.#universe.variable(name));
    const support = outside.flatMap((name) =>
      this.#universe.needs(name, allOf(name)).filter(({ fact }) => inside.has(fact.target)),
    );
    for (const target of unwanted) {
      const variable = this.#universe.variable(target);
      const terms = [
        { variable, values: this.#solver.full(variable) & ~ABSENT },
        ...support.map((stated) => this.#notSupporting(stated)),
      ];
      this.#solver.add({ kind: 'unwanted', target }, terms);
    }
  }

  #notSupporting({ fact }: StatedFact<NeedsFact>): Term {
    const variable = this.#universe.variable(fact.by);
    const selects = (this.#solver.domain(variable) & fact.versions) !== 0n;
    if (fact.option !== undefined && selects) return { variable: fact.option, values: ABSENT };
    return { variable, values: this.#solver.full(variable) & ~fact.versions };
  }

  #rejectCycle(cycle: SelectedEdge[]): void {
    const path = [...cycle, ...cycle.slice(0, 1)].map(({ fact }) => `${fact.by} ${this.#versionOf(fact.by)}`);
    const terms = cycle.flatMap(({ fact }) => [
      { variable: this.#universe.variable(fact.by), values: fact.versions },
      ...(fact.option === undefined ? [] : [{ variable: fact.option, values: TAKEN }]),
    ]);
    this.#solver.add({ kind: 'cycle', path }, terms);
  }

  #candidate(name: string): Candidate | undefined {
    const bits = this.#solver.domain(this.#universe.variable(name)) & ~ABSENT;
    return this.#universe.candidates(name)[bitIndex(bits) - 1];
  }

  #versionOf(name: string): string {
    return this.#candidate(name)?.version ?? '';
  }

  #chosenVersions(): string[] {
    return this.#visits.flatMap(({ item }) => ('name' in item ? [item.name] : []));
  }

  #takenEdges(): SelectedEdge[] {
    return this.#chosenVersions().flatMap((name) => {
      const bit = this.#solver.domain(this.#universe.variable(name));
      return this.#needsOf(name, bit).filter(
        ({ fact }) => fact.option === undefined || this.#solver.domain(fact.option) === TAKEN,
      );
    });
  }

  #selection(): Selection {
    const chosen = new Map<string, Candidate>();
    for (const name of this.#chosenVersions()) {
      const candidate = this.#candidate(name);
      if (candidate !== undefined) chosen.set(name, candidate);
    }
    const skipped = this.#visits.flatMap(({ item }) => {
      if (!('option' in item) || this.#solver.domain(item.option) === TAKEN) return [];
      return [{ fact: item.fact, reason: this.#solver.rootCause(item.option) }];
    });
    return { chosen, edges: this.#edges, skipped };
  }
}

function lowestBit(bits: bigint): bigint {
  return bits & -bits;
}

function bitIndex(bit: bigint): number {
  return bit.toString(2).length - 1;
}
