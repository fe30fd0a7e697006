import type { Finding } from '../domain/validation.ts';
import { oneLine } from './text.ts';

/** Two lines a finding: what and where, and what to do. Their words may come from an archive, so they stay on their lines. */
export function findingLines(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ id, severity, file, line, explanation, recommendation }) => [
    `  ${oneLine(`${severity}  ${file}${line === undefined ? '' : `:${line}`}  ${explanation} (${id})`)}`,
    `    ${oneLine(recommendation)}`,
  ]);
}
