import type { Severity, StageVerdict } from './validation.ts';
import { SEVERITIES } from './validation.ts';
import type { PartScore, Scorer } from './validation-score.ts';

/** Points that one finding of the security stage takes from 100 (DESIGN section 9). */
const SECURITY_POINTS: Readonly<Record<Severity, number>> = Object.freeze({
  critical: 25,
  high: 10,
  medium: 3,
  low: 1,
  info: 0.1,
});

/** 100 less what each finding takes, never below 0; what the findings that are not listed take is one entry for each severity. */
export const securityScorer: Scorer = {
  part: 'security',
  score: (_subject, { findings, counts }): PartScore => {
    const taken = SEVERITIES.reduce((sum, severity) => sum + counts[severity] * SECURITY_POINTS[severity], 0);
    const listed = findings.map(({ id, severity, file, line, explanation }) => ({
      check: id,
      points: SECURITY_POINTS[severity],
      why: `${severity}: ${file}${line === undefined ? '' : `:${line}`}: ${explanation}`,
    }));
    return { points: Math.max(0, round(100 - taken)), lost: [...listed, ...unlisted(findings, counts)] };
  },
};

function unlisted(findings: StageVerdict['findings'], counts: StageVerdict['counts']): PartScore['lost'] {
  return SEVERITIES.flatMap((severity) => {
    const more = counts[severity] - findings.filter((finding) => finding.severity === severity).length;
    if (more <= 0) return [];
    return [
      { check: `more/${severity}`, points: round(more * SECURITY_POINTS[severity]), why: `${more} more of severity ${severity}` },
    ];
  });
}

/** Sums of tenths are no tenths in binary. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
