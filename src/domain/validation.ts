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

/** One file of an archive. */
export interface SubjectFile {
  /** forward slashes, relative */
  path: string;
  /** bytes */
  size: number;
  /** Of text files up to MAX_FILE_TEXT_BYTES, while their sum is within MAX_SUBJECT_TEXT_BYTES; the others are only seen by stream scanners. */
  text?: string;
}

/** Text of one file that is held in memory; a longer one is generated or data. Bytes. */
export const MAX_FILE_TEXT_BYTES = 1024 * 1024;
/** Texts of one archive that are held in memory together. Bytes. */
export const MAX_SUBJECT_TEXT_BYTES = 4 * 1024 * 1024;

/** An archive as validators see it. */
export interface ValidationSubject {
  manifest: TemplateManifest;
  /** the text of template.yaml, for lines; empty for an archive of another format */
  manifestText: string;
  /** Where what the manifest says comes from, `template.yaml` when left out: a chart's is its Chart.yaml. */
  manifestFile?: string;
  /** paths of all files, sorted */
  paths: string[];
  /** all files, in the order of `paths` */
  files: readonly SubjectFile[];
  /** the readme that the manifest names (README.md by default), where the archive has it */
  readme?: { path: string; text: string };
  contentHash: string;
  /** Digest of the whole archive; absent for a directory that was not packed. */
  archive?: string;
  trust: { verified: boolean; note: string };
  /** What stream scanners found while the archive was read. */
  streamed?: readonly Finding[];
}

export type ValidationStage = 'security' | 'quality';

/** Looks at one archive. One that fails, fails its stage: nothing that was not looked at passes as clean. */
export interface Validator {
  readonly id: string;
  readonly stage: ValidationStage;
  /** what it looks at, for people */
  readonly covers: string;
  /** Raised with every change of what it finds; part of the ruleset by which verdicts are cached. `1` when left out. */
  readonly version?: string;
  /** It speaks of what may be published here, and says nothing about what others offer. */
  readonly publishOnly?: true;
  validate(subject: ValidationSubject, signal?: AbortSignal): Promise<Finding[]>;
  /** What it looks things up in: `version` is part of the ruleset, `words` (how old it is) are told in the step's detail and in every report. */
  data?(signal?: AbortSignal): Promise<ValidatorData>;
}

export interface ValidatorData {
  version: string;
  words: string;
}

/**
 * Looks at every byte of the files it wants, while the archive is read. It must hold no more than a window of the file, since a file may
 * be as large as the archive's limits allow. What it throws fails the reading: nothing that was not looked at passes as clean.
 */
export interface StreamScanner {
  readonly id: string;
  /** what it looks for, for people */
  readonly covers: string;
  /** As of a Validator. */
  readonly version?: string;
  /** `size` in bytes, as the archive declares it */
  wants(path: string, size: number): boolean;
  open(path: string): StreamScan;
}

export interface StreamScan {
  /** The bytes are the caller's again when it returns. */
  push(chunk: Uint8Array): void;
  end(): Finding[];
}

/** Milliseconds one validator may take for one archive; the reading of a very large one takes about 5 s. */
export const VALIDATOR_TIMEOUT_MS = 20_000;

export type SeverityCounts = Readonly<Record<Severity, number>>;

/** Findings of one stage: the worst of them (at most MAX_FINDINGS), and how many there are of each severity. */
export interface StageVerdict {
  findings: Finding[];
  /** How many more there are. */
  more: number;
  counts: SeverityCounts;
}

export type Complexity = 'simple' | 'moderate' | 'complex';

/** Findings of one stage that an operation carries; a template with more has been understood by then. */
export const MAX_FINDINGS = 50;

/** Worst first. */
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

/** Worst first, then by place. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const rank = ({ severity, file, line = 0, id }: Finding) =>
    `${SEVERITIES.indexOf(severity)} ${file} ${String(line).padStart(9, '0')} ${id}`;
  return [...findings].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** A stage's findings as they travel on: the worst first, and no more than a report shows. */
export function stageVerdict(found: readonly Finding[]): StageVerdict {
  const findings = sortFindings(found);
  const counts = { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return { findings: findings.slice(0, MAX_FINDINGS), more: Math.max(0, findings.length - MAX_FINDINGS), counts };
}

/** Of each severity, how many findings of a stage were counted and are not listed. */
export function unlistedOf({ findings, counts }: StageVerdict): SeverityCounts {
  const unlisted = { ...counts };
  for (const { severity } of findings) unlisted[severity] -= 1;
  return unlisted;
}
