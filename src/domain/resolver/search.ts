/**
 * The order in which choices are made, which is also the order of preference: the root first, then what it depends on, level by
 * level and by name within a level, each at its most preferred candidate that still leads to a solution. The answer is the one
 * that plain backtracking in this order would find first; learning only finds it sooner.
 */
import { ChandleryError } from '../errors.ts';
import { findCycles, type SelectedEdge } from './cycles.ts';
import type { Fact, NeedsFact, StatedFact } from './facts.ts';
import { RESOLVE_LIMITS } from './limits.ts';
import type { Nogood, NogoodSolver, Term } from './nogoods.ts';
import { ABSENT, type Candidate, TAKEN, type Universe } from './universe.ts';

/** Something to decide next: which candidate of a template, or whether an optional dependency is taken. */
type TemplateItem = { name: string };
type OptionItem = { option: number; fact: NeedsFact };
type Item = TemplateItem | OptionItem;

interface Visit {
  item: Item;
  /** decisions standing when it was settled; it is forgotten when the solver falls below */
  level: number;
  /** where the agenda stood before */
  head: number;
  tail: number;
}

interface CandidateNeeds {
  needs: readonly StatedFact<NeedsFact>[];
  next: readonly Item[];
}

export interface Selection {
  chosen: Map<string, Candidate>;
  edges: SelectedEdge[];
  skipped: Array<{ fact: NeedsFact; reason: Nogood<Fact> | undefined }>;
}

export class Search {
  readonly #universe: Universe;
  readonly #solver: NogoodSolver<Fact>;
  readonly #stated = new Map<StatedFact, Nogood<Fact>>();
  readonly #needs = new Map<string, Map<bigint, CandidateNeeds>>();
  #agenda: Item[] = [];
  #head = 0;
  #visits: Visit[] = [];
  #visited = new Set<string>();

  constructor(universe: Universe, solver: NogoodSolver<Fact>) {
    this.#universe = universe;
    this.#solver = solver;
  }

  /** The most preferred selection, or undefined where there is none (the solver then holds the refutation). */
  run(): Selection | undefined {
    this.#state(this.#universe.rootFact());
    for (const stated of this.#universe.requiredFacts()) this.#state(stated);
    this.#agenda = [{ name: this.#universe.root.name }];
    for (;;) {
      if (!this.#solver.settle()) return undefined;
      this.#checkEffort();
      this.#forget();
      const item = this.#nextItem();
      if (item !== undefined) this.#process(item);
      else if (this.#isFinished()) return this.#selection();
    }
  }

  #checkEffort(): void {
    if (this.#solver.conflicts <= RESOLVE_LIMITS.maxConflicts) return;
    const message = `No set of versions was found for ${this.#universe.root.name} after ${RESOLVE_LIMITS.maxConflicts} dead ends; narrow the ranges of its dependencies.`;
    throw new ChandleryError('too_large', message, { template: this.#universe.root.name });
  }

  /** Tells the solver a fact, or reminds it; true where it was new. */
  #state(stated: StatedFact): boolean {
    const known = this.#stated.get(stated);
    if (known === undefined) this.#stated.set(stated, this.#solver.add(stated.fact, stated.terms));
    else this.#solver.recheck(known);
    return known === undefined;
  }

  /** Drops the visits that the solver has jumped back over. */
  #forget(): void {
    for (let last = this.#visits.at(-1); last !== undefined && last.level > this.#solver.level; last = this.#visits.at(-1)) {
      this.#visits.pop();
      this.#agenda.length = last.tail;
      this.#head = last.head;
      if ('name' in last.item) this.#visited.delete(last.item.name);
    }
  }

  #nextItem(): Item | undefined {
    for (let item = this.#agenda[this.#head]; item !== undefined; item = this.#agenda[this.#head]) {
      if ('option' in item || !this.#visited.has(item.name)) return item;
      this.#head++;
    }
    return undefined;
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
    const { needs, next } = this.#needsOf(item.name, best);
    let news = 0;
    for (const stated of needs) news += Number(this.#state(stated));
    // New facts may rule the candidate out at once: hear them before choosing it.
    if (news > 0) return;
    if (this.#solver.domain(variable) !== best) this.#solver.decide(variable, best);
    this.#record(item, next);
  }

  /** What one candidate depends on, and what that adds to the agenda; worked out once, for it is asked at every return. */
  #needsOf(name: string, candidate: bigint): CandidateNeeds {
    const byCandidate = this.#needs.get(name) ?? new Map<bigint, CandidateNeeds>();
    this.#needs.set(name, byCandidate);
    const known = byCandidate.get(candidate);
    if (known !== undefined) return known;
    const needs = this.#universe.needs(name).filter((stated) => (stated.fact.versions & candidate) !== 0n);
    const options = needs.flatMap(({ fact }) => (fact.option === undefined ? [] : [{ option: fact.option, fact }]));
    const names = needs.filter(({ fact }) => fact.option === undefined).map(({ fact }) => ({ name: fact.target }));
    const found = { needs, next: [...options, ...names] };
    byCandidate.set(candidate, found);
    return found;
  }

  #record(item: Item, next: readonly Item[]): void {
    this.#visits.push({ item, level: this.#solver.level, head: this.#head, tail: this.#agenda.length });
    if ('name' in item) this.#visited.add(item.name);
    this.#head++;
    this.#agenda.push(...next);
  }

  /** Everything is chosen; false where a rule about the whole (no circles, nothing unwanted) now objects, or more must be decided. */
  #isFinished(): boolean {
    const unwanted = this.#universe.names.filter((name) => !this.#visited.has(name) && !this.#mayBeAbsent(name));
    if (unwanted.length > 0) {
      this.#rejectUnwanted(unwanted);
      return false;
    }
    const cycles = findCycles(this.#edges(), this.#chosenVersions());
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
    const support = outside.flatMap((name) => this.#universe.needs(name).filter(({ fact }) => inside.has(fact.target)));
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

  #edges(): SelectedEdge[] {
    return this.#chosenVersions().flatMap((name) => {
      const bit = this.#solver.domain(this.#universe.variable(name));
      return this.#needsOf(name, bit).needs.filter(
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
    return { chosen, edges: this.#edges(), skipped };
  }
}

function lowestBit(bits: bigint): bigint {
  return bits & -bits;
}

function bitIndex(bit: bigint): number {
  return bit.toString(2).length - 1;
}
