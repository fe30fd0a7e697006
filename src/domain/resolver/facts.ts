import type { Term } from './nogood.ts';

/** Why a demand can be met by nothing at all. */
export type Problem = 'missing' | 'unavailable' | 'bad_range' | 'no_version';

/** A range put on a template. */
interface Demand {
  target: string;
  range: string | undefined;
  /** where the target must come from; absent = anywhere */
  registry: string | undefined;
  /** candidates of the target that fit, as bits */
  allowed: bigint;
  problem?: Problem;
}

/** What the user asked for. */
interface RootFact extends Demand {
  kind: 'root';
}

/** What some versions of a template depend on. */
export interface NeedsFact extends Demand {
  kind: 'needs';
  by: string;
  /** candidates of `by` that say so, as bits */
  versions: bigint;
  /** the variable that says whether the dependency is taken (value 1) or skipped (value 0); only for optional ones */
  option?: number;
}

/** What an installed template that stays as it is depends on. */
export interface RequiredFact extends Demand {
  kind: 'required';
  by: string;
  version: string | undefined;
}

/** Versions that lead back to themselves: `a 1.0.0 -> b 2.1.0 -> a 1.0.0`. */
export interface CycleFact {
  kind: 'cycle';
  path: string[];
}

/** A template that only its own dependents would want is not brought in. */
interface UnwantedFact {
  kind: 'unwanted';
  target: string;
}

export type DemandFact = RootFact | NeedsFact | RequiredFact;
export type Fact = DemandFact | CycleFact | UnwantedFact;

/** A fact with the nogood that says the same to the solver. */
export interface StatedFact<F extends Fact = Fact> {
  fact: F;
  terms: readonly Term[];
}
