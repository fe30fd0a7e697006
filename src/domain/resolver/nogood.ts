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

/** One term for each variable. */
export function joined(terms: readonly Term[]): readonly Term[] {
  const [first, second] = terms;
  // Most say something about two templates, and a large catalog has tens of thousands of them.
  if (terms.length === 2 && first?.variable !== second?.variable) return terms;
  const all = new Map<number, bigint>();
  for (const { variable, values } of terms) all.set(variable, (all.get(variable) ?? values) & values);
  return termsOf(all);
}

/** As a list of terms. */
export function termsOf(values: ReadonlyMap<number, bigint>): Term[] {
  return [...values].map(([variable, bits]) => ({ variable, values: bits }));
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
