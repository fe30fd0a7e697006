import type { Identity } from './store.ts';

/**
 * The rules for effects (DESIGN section 5) as types. An effect is what a step does to the outside. It is named by a key that stays
 * the same however often the step is tried, on whichever worker, in whichever replay of the same generation.
 */

/** Names one effect. Never holds a run id of a retry, an activity id or an attempt: those change when a step is tried again. */
export interface EffectKey {
  /** First run id of the operation that all replays go back to. */
  root: string;
  step: string;
  /** What within the step; `-` for a step with one effect. */
  object: string;
  /** 0 for the first run, one more for each replay. */
  generation: number;
}

/** Who writes, and with which fence. Every write to the store says `where fence = mine`. */
export interface FencedWriter {
  operation: string;
  target: string;
  fence: number;
}

/** What the store remembers of an effect. */
export interface EffectRecord {
  key: EffectKey;
  operation: string;
  inputDigest: string;
  result: unknown;
  resultDigest: string;
  undone: boolean;
}

export function formatEffectKey(key: EffectKey): string {
  return `${key.root}/${key.step}/${key.object}/${key.generation}`;
}

/** Carried by every step of a workflow to its activity. */
export interface StepContext extends FencedWriter {
  root: string;
  generation: number;
  step: string;
  /** Milliseconds since the epoch at which the operation started; orders the takers of a fence. */
  startedAt: number;
  /** Failures (not lost workers) after which the step gives up. */
  maxAttempts: number;
  /** Digest of an earlier generation's result which may be kept if its effect still stands. */
  keep?: string;
  /** Who asked, for steps that read with his rights; no part of the input, so that kept results do not depend on it. */
  requester?: Identity;
}

export interface StepRequest<Input> {
  context: StepContext;
  input: Input;
}

/** What a step gives back to its workflow. */
export interface StepResult<Value> {
  value: Value;
  /** Digest of the value, as recorded. */
  digest: string;
  /** True when an earlier generation's result was taken over. */
  kept: boolean;
  /** One line for people. */
  detail?: string;
  warnings?: string[];
}

/** JSON with sorted members: the same value gives the same text on every machine. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
