/**
 * A small solver that learns from its dead ends. Each variable has a finite domain (a bit per value); a *nogood* is a set of terms
 * that must not all hold. When all terms of a nogood but one hold, the last one is excluded; when all hold, the reason is worked
 * out by resolution (as PubGrub and CDCL do), kept as a new nogood, and the search jumps back to the choice that caused it. Every
 * learned nogood remembers what it was derived from: that derivation is the explanation of a failure.
 */
import { joined, type Nogood, type Term, termsOf } from './nogood.ts';

/** One narrowing of one domain, in order. */
interface Entry<F> {
  variable: number;
  before: bigint;
  after: bigint;
  /** decisions standing when it was made; it is undone when there are fewer */
  level: number;
  /** the least level from which it follows; lower where what it follows from was learned late */
  since: number;
  /** absent for a decision */
  reason?: Nogood<F>;
}

/** Decisions jumped back over at most; to go further back would only mean making thousands of them once more. */
const MAX_JUMP = 100;

export class NogoodSolver<F> {
  /** dead ends met so far */
  conflicts = 0;
  /** the derived contradiction, once `settle` has answered false */
  refutation: Nogood<F> | undefined;

  readonly #full: bigint[] = [];
  readonly #domains: bigint[] = [];
  readonly #watching: Nogood<F>[][] = [];
  /** per variable, the indices in the trail of its narrowings */
  readonly #history: number[][] = [];
  readonly #trail: Entry<F>[] = [];
  /** narrowings that takeNarrowed has answered */
  #taken = 0;
  /** variables whose domains have changed, in order, each once */
  #changed: number[] = [];
  #nextChanged = 0;
  readonly #isChanged: boolean[] = [];
  readonly #unchecked: Nogood<F>[] = [];
  /** Obeyed from this level on, although they could be from an earlier one: looked at again when that is jumped back over. */
  readonly #late: Array<{ nogood: Nogood<F>; level: number }> = [];
  #level = 0;

  addVariable(size: number): number {
    const full = (1n << BigInt(size)) - 1n;
    this.#domains.push(full);
    this.#watching.push([]);
    this.#history.push([]);
    return this.#full.push(full) - 1;
  }

  /** Decisions standing. */
  get level(): number {
    return this.#level;
  }

  /** The variable of the next narrowing that stands and was not asked for yet; undefined where there is none. */
  takeNarrowed(): number | undefined {
    const next = this.#trail[this.#taken];
    if (next !== undefined) this.#taken++;
    return next?.variable;
  }

  full(variable: number): bigint {
    return this.#full[variable] ?? 0n;
  }

  domain(variable: number): bigint {
    return this.#domains[variable] ?? 0n;
  }

  /** Adds a nogood; the next `settle` obeys it. Terms on one variable are joined, terms that always hold left out. */
  add(fact: F, terms: readonly Term[]): Nogood<F> {
    const nogood = { fact, terms: this.#meaningful(joined(terms)) };
    this.#register(nogood);
    return nogood;
  }

  /** Narrows a domain by choice, on a new level. */
  decide(variable: number, values: bigint): void {
    this.#level++;
    this.#narrow(variable, values, this.#level);
  }

  /** Why the last narrowing of this variable had to be, traced back to choices alone; undefined where it was a choice itself. */
  rootCause(variable: number): Nogood<F> | undefined {
    let cause = this.#trail[this.#history[variable]?.at(-1) ?? -1]?.reason;
    for (let before = this.#trail.length; cause !== undefined; ) {
      const index = Math.max(...cause.terms.map((term) => this.#satisfier(term)).filter((satisfier) => satisfier < before));
      const entry = this.#trail[index];
      if (entry === undefined) break;
      if (entry.reason === undefined) before = index;
      else cause = this.#resolve(cause, entry.reason, entry.variable);
    }
    return cause;
  }

  /** Draws every consequence, learning and jumping back as needed. False: there is no solution, see `refutation`. */
  settle(): boolean {
    for (;;) {
      const conflict = this.#propagate();
      if (conflict === undefined) return this.refutation === undefined;
      if (!this.#learn(conflict)) return false;
    }
  }

  #register(nogood: Nogood<F>): void {
    for (const term of nogood.terms) this.#watching[term.variable]?.push(nogood);
    this.#unchecked.push(nogood);
  }

  #propagate(): Nogood<F> | undefined {
    for (;;) {
      const next = this.#unchecked.pop();
      if (next !== undefined) {
        if (this.#isViolated(next)) return next;
        continue;
      }
      const variable = this.#takeChanged();
      if (variable === undefined) return undefined;
      for (const nogood of this.#watching[variable] ?? []) {
        if (!this.#isViolated(nogood)) continue;
        this.#markChanged(variable);
        return nogood;
      }
    }
  }

  #markChanged(variable: number): void {
    if (this.#isChanged[variable]) return;
    this.#isChanged[variable] = true;
    this.#changed.push(variable);
  }

  #takeChanged(): number | undefined {
    const variable = this.#changed[this.#nextChanged];
    if (variable === undefined) {
      if (this.#nextChanged > 0) this.#changed = [];
      this.#nextChanged = 0;
      return undefined;
    }
    this.#nextChanged++;
    this.#isChanged[variable] = false;
    return variable;
  }

  /** Excludes the last open term where the others hold; true where every term holds. */
  #isViolated(nogood: Nogood<F>): boolean {
    let open: Term | undefined;
    for (const term of nogood.terms) {
      const domain = this.domain(term.variable);
      const inside = domain & term.values;
      if (inside === domain) continue;
      if (inside === 0n || open !== undefined) return false;
      open = term;
    }
    if (open === undefined) return true;
    const since = this.#levelOf(nogood, open);
    this.#narrow(open.variable, this.domain(open.variable) & ~open.values, since, nogood);
    if (since < this.#level) this.#late.push({ nogood, level: this.#level });
    return false;
  }

  #narrow(variable: number, after: bigint, since: number, reason?: Nogood<F>): void {
    const entry: Entry<F> = { variable, before: this.domain(variable), after, level: this.#level, since };
    if (reason !== undefined) entry.reason = reason;
    this.#domains[variable] = after;
    this.#history[variable]?.push(this.#trail.length);
    this.#trail.push(entry);
    this.#markChanged(variable);
  }

  /** Resolves the conflict back to the earliest level where it forces something. False where that is before any decision. */
  #learn(conflict: Nogood<F>): boolean {
    let current = conflict;
    for (;;) {
      const { latest, level, otherLevel } = this.#standing(current);
      if (latest === undefined) {
        this.refutation = current;
        return false;
      }
      // It began before the last choices: they are nothing to learn from, and it will be met again there.
      const isOlder = level < this.#level;
      if (isOlder || otherLevel < level || latest.reason === undefined) {
        if (!isOlder) this.conflicts++;
        const isFar = level - otherLevel > MAX_JUMP;
        this.#jumpBack(isOlder ? level : isFar ? level - 1 : otherLevel);
        if (current === conflict) this.#unchecked.push(current);
        else this.#register(current);
        return true;
      }
      current = this.#resolve(current, latest.reason, latest.variable);
    }
  }

  /** From which level all terms hold, what was the last of that level to make one hold, and from which level the others do. */
  #standing(nogood: Nogood<F>): { latest: Entry<F> | undefined; level: number; otherLevel: number } {
    let latest = -1;
    let level = 0;
    let otherLevel = 0;
    for (const term of nogood.terms) {
      const index = this.#satisfier(term);
      const since = this.#trail[index]?.since ?? 0;
      otherLevel = Math.max(otherLevel, Math.min(level, since));
      latest = since === level ? Math.max(latest, index) : since > level ? index : latest;
      level = Math.max(level, since);
    }
    return { latest: this.#trail[latest], level, otherLevel };
  }

  /** The level from which all terms but one hold, and that one is as open as it is. */
  #levelOf(nogood: Nogood<F>, open: Term): number {
    let level = this.#trail[this.#history[open.variable]?.at(-1) ?? -1]?.since ?? 0;
    for (const term of nogood.terms) {
      if (term !== open) level = Math.max(level, this.#trail[this.#satisfier(term)]?.since ?? 0);
    }
    return level;
  }

  #satisfier(term: Term): number {
    for (const index of this.#history[term.variable] ?? []) {
      const after = this.#trail[index]?.after ?? 0n;
      if ((after & term.values) === after) return index;
    }
    return -1;
  }

  /** What follows from both: the variable is in one set or the other, and everything else of both holds. */
  #resolve(a: Nogood<F>, b: Nogood<F>, pivot: number): Nogood<F> {
    const merged = new Map<number, bigint>();
    for (const term of [...a.terms, ...b.terms]) {
      const other = merged.get(term.variable);
      const both = other === undefined ? term.values : term.variable === pivot ? other | term.values : other & term.values;
      merged.set(term.variable, both);
    }
    return { terms: this.#meaningful(termsOf(merged)), causes: [a, b] };
  }

  #meaningful(terms: readonly Term[]): Term[] {
    return terms.filter(({ variable, values }) => values !== this.full(variable));
  }

  #jumpBack(level: number): void {
    for (let entry = this.#trail.at(-1); entry !== undefined && entry.level > level; entry = this.#trail.at(-1)) {
      this.#domains[entry.variable] = entry.before;
      this.#history[entry.variable]?.pop();
      this.#trail.pop();
    }
    this.#taken = Math.min(this.#taken, this.#trail.length);
    for (let late = this.#late.at(-1); late !== undefined && late.level > level; late = this.#late.at(-1)) {
      this.#late.pop();
      this.#unchecked.push(late.nogood);
    }
    this.#level = level;
  }
}
