import type { Finding, Severity, StageVerdict, ValidationSubject } from './validation.ts';
import { SEVERITIES } from './validation.ts';

/** What findings and checks are worth: the points of each part, their weights, and the status they come to (DESIGN section 9). */

export type ScorePart = 'security' | 'quality' | 'documentation' | 'metadata';

/** Share of each part in the total. */
export const SCORE_WEIGHTS: Readonly<Record<ScorePart, number>> = Object.freeze({
  security: 0.4,
  quality: 0.3,
  documentation: 0.2,
  metadata: 0.1,
});

export interface PartScore {
  /** 0..100 */
  points: number;
  /** Every point that is missing, and why. */
  lost: Array<{ check: string; points: number; why: string }>;
}

/** Gives the points of one part. `security` is what the security stage came to. */
export interface Scorer {
  readonly part: ScorePart;
  score(subject: ValidationSubject, security: StageVerdict): PartScore;
}

/** A part that nothing measures yet is absent, and there is no total then: a number made of guesses would be none. */
export interface Score {
  parts: Partial<Record<ScorePart, PartScore>>;
  /** 0..100, of the parts that were measured, by their weights */
  measured: number;
  /** 0..100; only when all four parts were measured */
  total?: number;
}

export type ValidationStatus = 'approved' | 'needs-review' | 'rejected';

export interface StatusThresholds {
  /** A finding of this severity or a worse one rejects. */
  rejectSeverity: Severity;
  /** A finding of this severity or a worse one asks for a review. */
  reviewSeverity: Severity;
  /** Measured points below this reject. */
  rejectBelow: number;
  /** Measured points below this ask for a review. */
  reviewBelow: number;
}

/**
 * 70 is reference 2's line between validated and not yet. Below 20 a template has little more than the name and version that the format
 * demands, and nobody could use it.
 */
export const PUBLISH_THRESHOLDS: Readonly<StatusThresholds> = Object.freeze({
  rejectSeverity: 'critical',
  reviewSeverity: 'high',
  rejectBelow: 20,
  reviewBelow: 70,
});

/** The points of all scorers, weighed among those that there are. `security`: what the security stage came to. */
export function scoreOf(subject: ValidationSubject, scorers: readonly Scorer[], security: StageVerdict): Score {
  const parts: Score['parts'] = {};
  for (const scorer of scorers) parts[scorer.part] = scorer.score(subject, security);
  const measured = Object.entries(parts) as Array<[ScorePart, PartScore]>;
  const weight = measured.reduce((sum, [part]) => sum + SCORE_WEIGHTS[part], 0);
  const points = measured.reduce((sum, [part, score]) => sum + SCORE_WEIGHTS[part] * score.points, 0);
  const average = weight === 0 ? 0 : round(points / weight);
  const all = measured.length === Object.keys(SCORE_WEIGHTS).length;
  return { parts, measured: average, ...(all && { total: average }) };
}

/** What findings and score come to, with every reason in words. */
export function judge(
  findings: readonly Finding[],
  score: Score,
  thresholds: StatusThresholds = PUBLISH_THRESHOLDS,
): { status: ValidationStatus; reasons: string[] } {
  const { rejectSeverity, reviewSeverity, rejectBelow, reviewBelow } = thresholds;
  const rejecting = [...worse(findings, rejectSeverity), ...below(score, rejectBelow)];
  if (rejecting.length > 0) return { status: 'rejected', reasons: rejecting };
  const reviewing = [...worse(findings, reviewSeverity), ...below(score, reviewBelow)];
  return { status: reviewing.length > 0 ? 'needs-review' : 'approved', reasons: reviewing };
}

function worse(findings: readonly Finding[], limit: Severity): string[] {
  const found = findings.filter(({ severity }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(limit));
  return found.map(({ severity, file, line, explanation }) => `${severity}: ${file}${line ? `:${line}` : ''}: ${explanation}`);
}

function below({ measured }: Score, limit: number): string[] {
  return measured < limit ? [`${measured} of 100 measured points, ${limit} are wanted`] : [];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
