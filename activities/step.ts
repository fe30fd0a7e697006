import type { EffectRecord, StepContext, StepRequest, StepResult } from '../src/domain/effects.ts';
import { jsonDigest } from '../src/domain/json-digest.ts';
import type { StepRun } from './attempt.ts';
import { runAttempt } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';

/** What to tell people about a value. */
export interface Note {
  detail?: string;
  warnings?: string[];
}

export interface StepDefinition<Input, Value, Prepared = undefined> {
  /**
   * Begun while an earlier record is still being looked for, and so also when there is one: only what reads, and what finds its own
   * earlier writing.
   */
  prepare?(input: Input, run: StepRun): Promise<Prepared>;
  /** Does the effect. Must be safe to run again after a kill at any line. */
  run(input: Input, run: StepRun, prepared: Prepared): Promise<Value>;
  /** A pure function of the value, so that a second observer says the same. */
  describe?(value: Value, input: Input): Note;
  /** Whether a recorded result's effect still stands; absent when there is nothing outside the record that could have gone. */
  ensure?(value: Value, input: Input, run: StepRun): Promise<boolean>;
  /** The first step of an operation takes the target's fence, also when its result is kept. */
  takesFence?: boolean;
  /** True when `run` writes the effect and its record in one transaction itself. */
  recordsItself?: boolean;
  /** See AttemptOptions: for steps that leave the cluster half changed when they stop. */
  waitsForCluster?: boolean;
}

/** The fence travels beside the value and is never recorded: a kept result must not bring an old one along. */
export type StepAnswer<Value> = StepResult<Value> & { fence?: number };

/**
 * The rules for effects around one step: observe; if it is done and still stands, return the recorded result; else do, record, return.
 */
export function createStep<Input, Value, Prepared = undefined>(
  deps: ActivityDeps,
  definition: StepDefinition<Input, Value, Prepared>,
) {
  const attempt = async ({ input }: StepRequest<Input>, run: StepRun): Promise<StepAnswer<Value>> => {
    const { context } = run;
    if (definition.prepare) await deps.onMoment?.(context.step, 'before');
    const [fence, record, [prepared]] = await Promise.all([
      definition.takesFence ? takeFence(deps, context) : context.fence,
      lookUp(deps, run),
      // That it failed matters only when nothing is recorded.
      Promise.allSettled([definition.prepare?.(input, run)]),
    ]);
    context.fence = fence;
    const done = await observe(definition, record, input, run);
    const { value, digest, kept } = done ?? (await act(deps, definition, input, run, prepared));
    await deps.onMoment?.(context.step, 'after');
    const note = definition.describe?.(value, input) ?? {};
    return { value, digest, kept, ...note, ...(definition.takesFence && { fence: context.fence }) };
  };
  const { waitsForCluster = false } = definition;
  return (request: StepRequest<Input>): Promise<StepAnswer<Value>> =>
    runAttempt(deps, request, (run) => attempt(request, run), { waitsForCluster });
}

function takeFence(deps: ActivityDeps, { target, operation, startedAt }: StepContext): Promise<number> {
  return deps.store.fences.take(target, operation, startedAt);
}

/** What is recorded of this very effect, or of an earlier generation where the replay allows to keep it. */
function lookUp(deps: ActivityDeps, { key, context: { keep } }: StepRun): Promise<EffectRecord | undefined> {
  return keep === undefined ? deps.store.effects.find(key) : deps.store.effects.findStanding(key);
}

/** The recorded result, where it is this step's and still stands. */
async function observe<Input, Value, Prepared>(
  definition: StepDefinition<Input, Value, Prepared>,
  record: EffectRecord | undefined,
  input: Input,
  run: StepRun,
) {
  if (!record || record.undone || !usable(record, run)) return undefined;
  const value = record.result as Value;
  if (definition.ensure && !(await definition.ensure(value, input, run))) return undefined;
  return { value, digest: record.resultDigest, kept: record.key.generation !== run.key.generation };
}

/** A record is only this step's if it came from the same input, and a kept one only if it is the result the replay named. */
function usable(record: EffectRecord, run: StepRun): boolean {
  const ours = record.key.generation === run.key.generation;
  return record.inputDigest === run.inputDigest && (ours || record.resultDigest === run.context.keep);
}

async function act<Input, Value, Prepared>(
  deps: ActivityDeps,
  definition: StepDefinition<Input, Value, Prepared>,
  input: Input,
  run: StepRun,
  prepared: PromiseSettledResult<Prepared | undefined>,
) {
  if (!definition.prepare) await deps.onMoment?.(run.context.step, 'before');
  if (prepared.status === 'rejected') throw prepared.reason;
  const value = await definition.run(input, run, prepared.value as Prepared);
  await deps.onMoment?.(run.context.step, 'between');
  const digest = jsonDigest(value);
  if (definition.recordsItself) return { value, digest, kept: false };
  const entry = { inputDigest: run.inputDigest, result: value };
  if (await run.recordWith?.(entry)) return { value, digest, kept: false };
  const record = await deps.store.effects.record(run.key, run.context, { ...entry, resultDigest: digest });
  return { value: record.result as Value, digest: record.resultDigest, kept: false };
}
