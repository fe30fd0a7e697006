import { ChandleryError } from '../src/domain/errors.ts';
import type { Target } from '../src/domain/operation.ts';
import type { Score, ValidationReport } from '../src/domain/validation.ts';
import { judge, MAX_FINDINGS, sortFindings } from '../src/domain/validation.ts';
import { VALIDATION } from '../src/domain/validation-set.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';
import type { PublishRequest } from './structure.ts';
import type { StageFindings } from './validate-stage.ts';

interface Input {
  target: Target;
  request: PublishRequest;
  stages: StageFindings[];
  score: Score;
}

/** Approved, to be reviewed, or rejected: then the operation ends here, with the report. */
export function createStatus(deps: ActivityDeps) {
  const { thresholds } = deps.validation ?? VALIDATION;
  return createStep(deps, {
    async run({ target, request, stages, score }: Input) {
      const all = sortFindings(stages.flatMap(({ findings }) => findings));
      const { status, reasons } = judge(all, score, thresholds);
      const findings = all.slice(0, MAX_FINDINGS);
      const left = stages.reduce((sum, { more }) => sum + more, 0);
      const report: ValidationReport = { status, reasons, score, findings, more: left + all.length - findings.length };
      if (status !== 'rejected') return { ...report, status };
      const template = `${target.name}@${request.version}`;
      throw new ChandleryError('publish_rejected', `${template} is rejected: ${reasons.join('; ')}`, {
        template,
        reasons,
        report,
        issues: findings.map(({ file, line, explanation }) => ({
          path: file,
          message: explanation,
          ...(line !== undefined && { line }),
        })),
      });
    },
    describe: ({ status, reasons }) => ({
      detail: status === 'approved' ? 'approved' : `${status}: ${reasons.join('; ')}`,
      ...(status === 'needs-review' && { warnings: [`it should be reviewed: ${reasons.join('; ')}`] }),
    }),
  });
}
