import { currentRuleset, type Judgement, judgeStage } from '../src/domain/judgement.ts';
import type { StageVerdict, ValidationStage } from '../src/domain/validation.ts';
import { VALIDATION } from '../src/domain/validation-set.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';
import { subjectOf, wholeSubjectOf } from './structure.ts';

interface Input {
  /** Digest of the document that `structure` wrote. */
  subject: string;
}

/** `counts` is absent in results of older builds, which carried every finding. */
export type StageFindings = Omit<StageVerdict, 'counts'> & Partial<Pick<StageVerdict, 'counts'>> & { data?: string[] };

/** Runs the validators of one stage side by side, or takes what was found in the same bytes by the same rules. One that fails, fails the step. */
export function createValidateStage(deps: ActivityDeps, stage: ValidationStage) {
  const set = deps.validation ?? VALIDATION;
  const chosen = set.validators.filter((validator) => validator.stage === stage);
  return createStep(deps, {
    async run({ subject: digest }: Input, { signal }): Promise<StageFindings> {
      const [known, data] = await Promise.all([
        knownJudgement(deps, digest, signal),
        Promise.all(chosen.flatMap((validator) => validator.data?.(signal) ?? [])),
      ]);
      const verdict = known?.[stage] ?? (await judgeStage(set, stage, await wholeSubjectOf(deps, digest, signal), signal));
      const words = data.map((one) => one.words);
      return { ...verdict, ...(words.length > 0 && { data: words }) };
    },
    describe: ({ findings, more, data = [] }) => {
      const covered = chosen.map(({ covers }) => covers).join(', ') || 'nothing';
      const count = findings.length + more;
      const about = data.length === 0 ? '' : ` (${data.join(', ')})`;
      return { detail: `looked at ${covered}${about}: ${count} ${count === 1 ? 'finding' : 'findings'}` };
    },
  });
}

/** What was said of the same archive by the same rules, by an earlier publish or by a scan. */
export async function knownJudgement(deps: ActivityDeps, subject: string, signal: AbortSignal): Promise<Judgement | undefined> {
  const { archive } = await subjectOf(deps, subject);
  if (archive === undefined) return undefined;
  const verdict = await deps.store.scans.find(archive, await currentRuleset(deps.validation ?? VALIDATION, signal));
  return verdict?.judgement;
}
