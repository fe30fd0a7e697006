import type { Judgement } from './judgement.ts';
import type { Complexity, Finding, StageVerdict } from './validation.ts';
import { MAX_FINDINGS, sortFindings } from './validation.ts';
import { judge, PUBLISH_THRESHOLDS, type Score, type StatusThresholds, type ValidationStatus } from './validation-score.ts';

export interface ValidationReport {
  status: ValidationStatus;
  /** Why it is not approved. */
  reasons: string[];
  score: Score;
  findings: Finding[];
  /** Findings that were left out of the list because there are too many. */
  more: number;
  /** Told beside the score, not part of it. */
  complexity?: Complexity;
  /** What the verdict was made with. */
  ruleset?: string;
}

/** What is told beside the findings; results of older builds lack some of it. */
interface Told {
  score: Score;
  complexity?: Complexity | undefined;
  ruleset?: string | undefined;
}

/** The findings of all stages, the worst first, and what they and the score come to. */
export function reportOf(
  stages: ReadonlyArray<Pick<StageVerdict, 'findings' | 'more'>>,
  { score, complexity, ruleset }: Told,
  thresholds: StatusThresholds = PUBLISH_THRESHOLDS,
): ValidationReport {
  const all = sortFindings(stages.flatMap(({ findings }) => findings));
  const findings = all.slice(0, MAX_FINDINGS);
  const left = stages.reduce((sum, { more }) => sum + more, 0);
  return {
    ...{ ...judge(all, score, thresholds), score, findings, more: left + all.length - findings.length },
    ...(complexity && { complexity }),
    ...(ruleset !== undefined && { ruleset }),
  };
}

/** The report that publishing would write. */
export function reportOfJudgement({ security, quality, ...told }: Judgement, thresholds?: StatusThresholds): ValidationReport {
  return reportOf([security, quality], told, thresholds);
}
