/**
 * A small solver that learns from its dead ends. Each variable has a finite domain (a bit per value); a *nogood* is a set of terms
 * that must not all hold. When all terms of a nogood but one hold, the last one is excluded; when all hold, the reason is worked
 * out by resolution (as PubGrub and CDCL do), kept as a new nogood, and the search jumps back to the choice that caused it. Every
 * learned nogood remembers what it was derived from: that derivation is the explanation of a failure.
 */

/** Holds when the variable's value is one of `values` (bit n = value n). */
export interface Term {
  variable: number;
  values: bigint;
}

export interface Nogood<F> {
  readonly terms: readonly Term[];
  /** what it says, for a nogood that was given */
  readonly fact?: F;
  /** what it follows from, for a nogood that was learned */
  readonly causes?: readonly [Nogood<F>, Nogood<F>];
}

/** One narrowing of one domain, in order. */
interface Entry<F> {
  variable: number;
  before: bigint;
  after: bigint;
  level: number;
  /** absent for a decision */
  reason?: Nogood<F>;
}

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
  readonly #changed = new Set<number>();
  readonly #unchecked: Nogood<F>[] = [];
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

  full(variable: number): bigint {
    return this.#full[variable] ?? 0n;
  }

  domain(variable: number): bigint {
    return this.#domains[variable] ?? 0n;
  }

  /** Adds a nogood; the next `settle` obeys it. Terms on one variable are joined, terms that always hold left out. */
  add(fact: F, terms: readonly Term[]): Nogood<F> {
    const joined = new Map<number, bigint>();
    for (const { variable, values } of terms) joined.set(variable, (joined.get(variable) ?? values) & values);
    const nogood = { fact, terms: this.#meaningful(joined) };
    this.#register(nogood);
    return nogood;
  }

  /** Narrows a domain by choice, on a new level. */
  decide(variable: number, values: bigint): void {
    this.#level++;
    this.#narrow(variable, values, undefined);
  }

  /** Has the next `settle` look again at a nogood whose consequences may have been lost in a jump back. */
  recheck(nogood: Nogood<F>): void {
    this.#unchecked.push(nogood);
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
      this.conflicts++;
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
      const [variable] = this.#changed;
      if (variable === undefined) return undefined;
      this.#changed.delete(variable);
      for (const nogood of this.#watching[variable] ?? []) {
        if (!this.#isViolated(nogood)) continue;
        this.#changed.add(variable);
        return nogood;
      }
    }
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
    this.#narrow(open.variable, this.domain(open.variable) & ~open.values, nogood);
    return false;
  }

  #narrow(variable: number, after: bigint, reason: Nogood<F> | undefined): void {
    const entry = { variable, before: this.domain(variable), after, level: this.#level };
    this.#domains[variable] = after;
    this.#history[variable]?.push(this.#trail.length);
    this.#trail.push(reason === undefined ? entry : { ...entry, reason });
    this.#changed.add(variable);
  }

  /** Resolves the conflict back to the earliest level where it forces something. False where that is before any decision. */
  #learn(conflict: Nogood<F>): boolean {
    let current = conflict;
    for (;;) {
      const latest = this.#latestSatisfier(current);
      if (latest === undefined) {
        this.refutation = current;
        return false;
      }
      if (latest.entry.reason === undefined || latest.otherLevel < latest.entry.level) {
        this.#jumpBack(latest.otherLevel);
        if (current === conflict) this.#unchecked.push(current);
        else this.#register(current);
        return true;
      }
      current = this.#resolve(current, latest.entry.reason, latest.entry.variable);
    }
  }

  /** The trail entry that completed the nogood, and the highest level that its other terms need. */
  #latestSatisfier(nogood: Nogood<F>): { entry: Entry<F>; otherLevel: number } | undefined {
    let latest = -1;
    let otherLevel = 0;
    for (const term of nogood.terms) {
      const index = this.#satisfier(term);
      const previous = Math.min(latest, index);
      latest = Math.max(latest, index);
      otherLevel = Math.max(otherLevel, this.#trail[previous]?.level ?? 0);
    }
    const entry = this.#trail[latest];
    return entry === undefined ? undefined : { entry, otherLevel };
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
    return { terms: this.#meaningful(merged), causes: [a, b] };
  }

  #meaningful(terms: ReadonlyMap<number, bigint>): Term[] {
    return [...terms]
      .map(([variable, values]) => ({ variable, values }))
      .filter(({ variable, values }) => values !== this.full(variable));
  }

  #jumpBack(level: number): void {
    for (let entry = this.#trail.at(-1); entry !== undefined && entry.level > level; entry = this.#trail.at(-1)) {
      this.#domains[entry.variable] = entry.before;
      this.#history[entry.variable]?.pop();
      this.#trail.pop();
    }
    this.#level = level;
  }
}

/** The given facts a nogood was derived from, each once. */
export function factsBehind<F>(nogood: Nogood<F>): Array<{ fact: F; terms: readonly Term[] }> {
  const seen = new Set<Nogood<F>>([nogood]);
  const found: Array<{ fact: F; terms: readonly Term[] }> = [];
  const open = [nogood];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.fact !== undefined) found.push({ fact: next.fact, terms: next.terms });
    for (const cause of next.causes ?? []) {
      if (seen.has(cause)) continue;
      seen.add(cause);
      open.push(cause);
    }
  }
  return found;
}
