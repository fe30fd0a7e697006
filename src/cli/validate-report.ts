import type { Finding, Severity } from '../domain/validation.ts';
import { SEVERITIES } from '../domain/validation.ts';
import type { ValidationReport } from '../domain/validation-report.ts';
import { SCORE_WEIGHTS, type ScorePart } from '../domain/validation-score.ts';
import { oneLine } from './text.ts';

/** What `validate` tells of a judgement, and when that is not good enough. */

export interface Thresholds {
  minScore?: number;
  /** The worst that may be found; `none` for nothing at all. */
  maxSeverity?: Severity | 'none';
}

/** Why the report is below what was asked; nothing when it is not. */
export function belowThresholds(
  { score, findings, status, reasons }: ValidationReport,
  { minScore, maxSeverity }: Thresholds,
): string[] {
  const points = score.total ?? score.measured;
  const asked = maxSeverity === undefined ? -1 : maxSeverity === 'none' ? SEVERITIES.length : SEVERITIES.indexOf(maxSeverity);
  const worse = findings.filter(({ severity }) => SEVERITIES.indexOf(severity) < asked);
  return [
    // What publishing would reject stays rejected: a threshold asks for more, and only `critical` says in words that anything may be found.
    ...(maxSeverity !== 'critical' && status === 'rejected' ? reasons : []),
    ...(minScore !== undefined && points < minScore ? [`the score is ${points}, at least ${minScore} is asked for`] : []),
    ...(worse.length > 0
      ? [
          maxSeverity === 'none'
            ? `there ${worse.length === 1 ? 'is 1 finding' : `are ${worse.length} findings`}, and none is let pass`
            : `${worse.length} ${worse.length === 1 ? 'finding is' : 'findings are'} worse than ${maxSeverity}`,
        ]
      : []),
  ];
}

/** Lines for people: the score with every lost point, then the findings, worst first. */
export function reportLines({ status, reasons, score, findings, more, complexity }: ValidationReport): string[] {
  const points = score.total ?? score.measured;
  return [
    `score ${points} of 100, ${complexity ?? 'simple'}, ${status === 'approved' ? 'approved' : `${status}: ${reasons.map(oneLine).join('; ')}`}`,
    ...(Object.keys(SCORE_WEIGHTS) as ScorePart[]).flatMap((part) => partLines(part, score.parts[part])),
    ...findings.map(findingLine),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

function partLines(part: ScorePart, score: ValidationReport['score']['parts'][ScorePart]): string[] {
  if (!score) return [];
  const head = `  ${part.padEnd(14)}${String(score.points).padStart(5)} x ${SCORE_WEIGHTS[part]}`;
  // What security lost is told by its findings.
  const lost = part === 'security' ? [] : score.lost.map(({ check, points, why }) => `    -${points} ${check}: ${oneLine(why)}`);
  return [head, ...lost];
}

/** `FILE:LINE: SEVERITY ID: WHAT - WHAT TO DO` */
function findingLine({ id, severity, file, line, explanation, recommendation }: Finding): string {
  return oneLine(`${file}:${line ?? 1}: ${severity} ${id}: ${explanation}. ${recommendation}`);
}
