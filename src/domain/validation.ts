import type { TemplateManifest } from './template.ts';

/**
 * The ports of the validation pipeline (DESIGN section 9): who looks for findings, who gives points, and what status they come to. Pure,
 * so that a report can be made again from the same archive.
 */

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';

/** One thing that somebody looking at a template would say. */
export interface Finding {
  /** `<validator>/<check>` */
  id: string;
  severity: Severity;
  /** path in the archive */
  file: string;
  /** 1-based */
  line?: number;
  explanation: string;
  recommendation: string;
}

/** An archive as validators see it. */
export interface ValidationSubject {
  manifest: TemplateManifest;
  /** the text of template.yaml, for lines */
  manifestText: string;
  /** paths of all files, sorted */
  paths: string[];
  /** the readme that the manifest names (README.md by default), where the archive has it */
  readme?: { path: string; text: string };
  contentHash: string;
  trust: { verified: boolean; note: string };
}

export type ValidationStage = 'security' | 'quality';

/** Looks at one archive. One that fails, fails its stage: nothing that was not looked at passes as clean. */
export interface Validator {
  readonly id: string;
  readonly stage: ValidationStage;
  /** what it looks at, for people */
  readonly covers: string;
  validate(subject: ValidationSubject, signal?: AbortSignal): Promise<Finding[]>;
}

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

/** Gives the points of one part. */
export interface Scorer {
  readonly part: ScorePart;
  score(subject: ValidationSubject): PartScore;
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

export interface ValidationReport {
  status: ValidationStatus;
  /** Why it is not approved. */
  reasons: string[];
  score: Score;
  findings: Finding[];
  /** Findings that were left out of the list because there are too many. */
  more: number;
}

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

/** Findings of one stage that an operation carries; a template with more has been understood by then. */
export const MAX_FINDINGS = 50;

const ORDER: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

/** Worst first, then by place. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const rank = ({ severity, file, line = 0, id }: Finding) =>
    `${ORDER.indexOf(severity)} ${file} ${String(line).padStart(9, '0')} ${id}`;
  return [...findings].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** The points of all scorers, weighed among those that there are. */
export function scoreOf(subject: ValidationSubject, scorers: readonly Scorer[]): Score {
  const parts: Score['parts'] = {};
  for (const scorer of scorers) parts[scorer.part] = scorer.score(subject);
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
  const found = findings.filter(({ severity }) => ORDER.indexOf(severity) <= ORDER.indexOf(limit));
  return found.map(({ severity, file, line, explanation }) => `${severity}: ${file}${line ? `:${line}` : ''}: ${explanation}`);
}

function below({ measured }: Score, limit: number): string[] {
  return measured < limit ? [`${measured} of 100 measured points, ${limit} are wanted`] : [];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
