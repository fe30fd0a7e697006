import { currentRuleset, type Judgement, judgeSubject } from '../src/domain/judgement.ts';
import type { Complexity } from '../src/domain/validation.ts';
import type { Score, ScorePart } from '../src/domain/validation-score.ts';
import { SCORE_WEIGHTS } from '../src/domain/validation-score.ts';
import { VALIDATION } from '../src/domain/validation-set.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';
import { subjectOf, wholeSubjectOf } from './structure.ts';
import { knownJudgement } from './validate-stage.ts';

interface Input {
  subject: string;
}

export interface ScoreResult extends Score {
  /** Absent in results of older builds. */
  complexity?: Complexity;
  ruleset?: string;
}

/** Points of each part, with every lost one explained. Keeps the whole judgement, so that nobody looks into the same bytes again. */
export function createScore(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ subject }: Input, { signal }): Promise<ScoreResult> {
      const { score, complexity, ruleset } =
        (await knownJudgement(deps, subject, signal)) ?? (await judgeAll(deps, subject, signal));
      return { ...score, complexity, ruleset };
    },
    describe: ({ parts, measured, total, complexity }) => {
      const names = Object.keys(SCORE_WEIGHTS) as ScorePart[];
      const known = names.flatMap((part) => (parts[part] ? [`${part} ${parts[part].points}`] : []));
      const missing = names.filter((part) => parts[part] === undefined);
      const words = complexity === undefined ? '' : `; ${complexity}`;
      if (total !== undefined) return { detail: `${total} (${known.join(', ')})${words}` };
      return {
        detail: `${measured} of what is measured (${known.join(', ')}); ${missing.join(' and ')} are not scored, so there is no total${words}`,
      };
    },
  });
}

/** The stages once more, this time with their points: beside the reading of the archive they cost little. */
async function judgeAll(deps: ActivityDeps, digest: string, signal: AbortSignal): Promise<Judgement> {
  const set = deps.validation ?? VALIDATION;
  const subject = await wholeSubjectOf(deps, digest, signal);
  const judgement = await judgeSubject(set, subject, signal);
  await keep(deps, digest, judgement, signal);
  return judgement;
}

/** Under the rules as they are now: when data changed meanwhile, nobody finds it under the old ones. */
async function keep(deps: ActivityDeps, digest: string, judgement: Judgement, signal: AbortSignal): Promise<void> {
  const { archive, contentHash, manifest, trust, files } = await subjectOf(deps, digest);
  if (archive === undefined || judgement.ruleset !== (await currentRuleset(deps.validation ?? VALIDATION, signal))) return;
  const unpackedBytes = files.reduce((sum, { size }) => sum + size, 0);
  await deps.store.scans.save(archive, judgement.ruleset, {
    contentHash,
    manifest,
    trust,
    files: files.length,
    unpackedBytes,
    judgement,
  });
}
