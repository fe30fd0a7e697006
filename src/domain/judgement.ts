import { complexityOf } from './complexity.ts';
import { jsonDigest } from './json-digest.ts';
import { onePerLine } from './secrets/validator.ts';
import type { Complexity, StageVerdict, ValidationStage, ValidationSubject } from './validation.ts';
import { stageVerdict } from './validation.ts';
import { runValidators } from './validation-run.ts';
import type { Score } from './validation-score.ts';
import { scoreOf } from './validation-score.ts';
import type { ValidationSet } from './validation-set.ts';

/** What all validators and scorers of a set say of one archive; kept by its digest and the ruleset. */
export interface Judgement {
  security: StageVerdict;
  quality: StageVerdict;
  score: Score;
  complexity: Complexity;
  ruleset: string;
}

/** The ruleset as it is now: of the set, and of the data that its validators look things up in, which may be newer than a minute ago. */
export async function currentRuleset({ ruleset, validators }: ValidationSet, signal?: AbortSignal): Promise<string> {
  const data = await Promise.all(validators.flatMap((validator) => validator.data?.(signal) ?? []));
  return data.length === 0 ? ruleset : jsonDigest([ruleset, ...data.map(({ version }) => version)]);
}

/** Runs the validators of one stage, and adds what was found while the archive was read. Fails with scan_blocked. */
export async function judgeStage(
  { validators }: ValidationSet,
  stage: ValidationStage,
  subject: ValidationSubject,
  signal?: AbortSignal,
): Promise<StageVerdict> {
  const chosen = validators.filter((validator) => validator.stage === stage);
  const found = await runValidators(chosen, subject, { signal });
  return stageVerdict(stage === 'security' ? onePerLine([...found, ...(subject.streamed ?? [])]) : found);
}

/** Both stages side by side, then the score. Fails with scan_blocked. */
export async function judgeSubject(set: ValidationSet, subject: ValidationSubject, signal?: AbortSignal): Promise<Judgement> {
  const [ruleset, security, quality] = await Promise.all([
    currentRuleset(set, signal),
    judgeStage(set, 'security', subject, signal),
    judgeStage(set, 'quality', subject, signal),
  ]);
  const { complexity } = complexityOf(subject);
  return { security, quality, score: scoreOf(subject, set.scorers, security), complexity, ruleset };
}
