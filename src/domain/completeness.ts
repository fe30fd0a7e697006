import { COMPLETENESS_CHECKS, type CompletenessPart } from './completeness-checks.ts';
import { placeInManifest } from './manifest-place.ts';
import type { Validator } from './validation.ts';
import { sortFindings } from './validation.ts';
import type { PartScore, Scorer } from './validation-score.ts';

/** The point tables of documentation and metadata (DESIGN section 9): what a template says of itself, read from the archive alone. */

/** Points of documentation or of metadata, with every lost one explained. */
export function completenessScorer(part: CompletenessPart): Scorer {
  const checks = COMPLETENESS_CHECKS.filter((check) => check.part === part);
  return {
    part,
    score(subject): PartScore {
      const lost = checks.filter((check) => !check.holds(subject));
      return {
        points: checks.reduce((sum, { points }) => sum + points, 0) - lost.reduce((sum, { points }) => sum + points, 0),
        lost: lost.map(({ id, points, explanation }) => ({ check: id, points, why: explanation })),
      };
    },
  };
}

/** The same checks as findings, each at its place; none is worse than low, since nothing breaks by it. */
export const completeness: Validator = {
  id: 'completeness',
  stage: 'quality',
  covers: 'documentation and metadata',
  validate: async (subject) => {
    const missing = COMPLETENESS_CHECKS.filter((check) => !check.holds(subject));
    return sortFindings(
      missing.map(({ id, points, pointer, explanation, recommendation }) => ({
        id: `completeness/${id}`,
        severity: points >= 15 ? ('low' as const) : ('info' as const),
        ...placeInManifest(subject, pointer, 'value'),
        explanation,
        recommendation,
      })),
    );
  },
};

/** Whether the author sealed the content. A seal that does not fit is refused before anybody validates. */
export const seal: Validator = {
  id: 'seal',
  stage: 'security',
  covers: 'the sealed content hash',
  validate: async (subject) =>
    subject.trust.verified
      ? []
      : [
          {
            id: 'seal/absent',
            severity: 'info',
            file: placeInManifest(subject, '').file,
            explanation: subject.trust.note,
            recommendation: 'Seal the content: write the hash that `chandlery validate` prints into trust.sha256.',
          },
        ],
};
