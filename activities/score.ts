import type { ScorePart } from '../src/domain/validation.ts';
import { SCORE_WEIGHTS, scoreOf } from '../src/domain/validation.ts';
import { VALIDATION } from '../src/domain/validation-set.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';
import { subjectOf } from './structure.ts';

interface Input {
  subject: string;
}

/** Points of each part that somebody measures, with every lost one explained. */
export function createScore(deps: ActivityDeps) {
  const { scorers } = deps.validation ?? VALIDATION;
  return createStep(deps, {
    run: async ({ subject }: Input) => scoreOf(await subjectOf(deps, subject), scorers),
    describe: ({ parts, measured, total }) => {
      const names = Object.keys(SCORE_WEIGHTS) as ScorePart[];
      const known = names.flatMap((part) => (parts[part] ? [`${part} ${parts[part].points}`] : []));
      const missing = names.filter((part) => parts[part] === undefined);
      return {
        detail:
          total === undefined
            ? `${measured} of what is measured (${known.join(', ')}); ${missing.join(' and ')} are not scored yet, so there is no total`
            : `${total} (${known.join(', ')})`,
      };
    },
  });
}
