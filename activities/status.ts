import { ChandleryError } from '../src/domain/errors.ts';
import type { Target } from '../src/domain/operation.ts';
import { reportOf } from '../src/domain/validation-report.ts';
import { VALIDATION } from '../src/domain/validation-set.ts';
import type { ActivityDeps } from './deps.ts';
import type { ScoreResult } from './score.ts';
import { createStep } from './step.ts';
import type { PublishRequest } from './structure.ts';
import type { StageFindings } from './validate-stage.ts';

interface Input {
  target: Target;
  request: PublishRequest;
  stages: StageFindings[];
  score: ScoreResult;
}

/** Approved, to be reviewed, or rejected: then the operation ends here, with the report. */
export function createStatus(deps: ActivityDeps) {
  const { thresholds } = deps.validation ?? VALIDATION;
  return createStep(deps, {
    async run({ target, request, stages, score: scored }: Input) {
      const { complexity, ruleset, ...score } = scored;
      const report = reportOf(stages, { score, complexity, ruleset }, thresholds);
      const { status, reasons, findings } = report;
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
