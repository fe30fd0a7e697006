import { placeInManifest } from './manifest-place.ts';
import { QUALITY_CHECKS } from './quality-checks.ts';
import type { Validator } from './validation.ts';
import type { PartScore, Scorer } from './validation-score.ts';

/** Points of quality, with every lost one explained. */
export const qualityScorer: Scorer = {
  part: 'quality',
  score(subject): PartScore {
    const lost = QUALITY_CHECKS.flatMap(({ id, points, lacks }) => {
      const why = lacks(subject);
      return why === undefined ? [] : [{ check: id, points, why }];
    });
    const all = QUALITY_CHECKS.reduce((sum, { points }) => sum + points, 0);
    return { points: all - lost.reduce((sum, { points }) => sum + points, 0), lost };
  },
};

/** Told at the containers themselves by their own validator. */
const TOLD_ELSEWHERE = new Set(['requests-and-limits', 'probes', 'images-pinned']);

/** The other checks as findings, each at its place. */
export const quality: Validator = {
  id: 'quality',
  stage: 'quality',
  covers: 'parameters, defaults and upgrades',
  version: '1',
  validate: async (subject) =>
    QUALITY_CHECKS.filter(({ id }) => !TOLD_ELSEWHERE.has(id)).flatMap(({ id, points, pointer, lacks, recommendation }) => {
      const explanation = lacks(subject);
      if (explanation === undefined) return [];
      const severity = points >= 15 ? ('low' as const) : ('info' as const);
      return [{ id: `quality/${id}`, severity, ...placeInManifest(subject, pointer), explanation, recommendation }];
    }),
};
