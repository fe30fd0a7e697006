import type { Finding, ValidationStage } from '../src/domain/validation.ts';
import { MAX_FINDINGS, sortFindings } from '../src/domain/validation.ts';
import { VALIDATION } from '../src/domain/validation-set.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';
import { subjectOf } from './structure.ts';

interface Input {
  /** Digest of the document that `structure` wrote. */
  subject: string;
}

export interface StageFindings {
  findings: Finding[];
  /** How many more there are. */
  more: number;
}

/** Runs the validators of one stage side by side. One that fails, fails the step. `later`: what nobody looks at yet, told each time. */
export function createValidateStage(deps: ActivityDeps, stage: ValidationStage, later: string) {
  const { validators } = deps.validation ?? VALIDATION;
  const chosen = validators.filter((validator) => validator.stage === stage);
  return createStep(deps, {
    async run({ subject: digest }: Input, { signal }): Promise<StageFindings> {
      const subject = await subjectOf(deps, digest);
      const found = await Promise.all(chosen.map((validator) => validator.validate(subject, signal)));
      const findings = sortFindings(found.flat());
      return { findings: findings.slice(0, MAX_FINDINGS), more: Math.max(0, findings.length - MAX_FINDINGS) };
    },
    describe: ({ findings, more }) => {
      const covered = chosen.map(({ covers }) => covers).join(', ') || 'nothing';
      const count = findings.length + more;
      return { detail: `looked at ${covered}: ${count} ${count === 1 ? 'finding' : 'findings'}; ${later}` };
    },
  });
}
