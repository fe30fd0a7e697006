import type { Finding, Severity } from '../validation.ts';

/** One rule of the content: what it is called, how bad it is, and what to do. */
export interface ContentRule {
  id: string;
  severity: Severity;
  recommendation: string;
}

export interface Place {
  file: string;
  line: number;
}

export function contentFinding(rule: ContentRule, { file, line }: Place, explanation: string, severity = rule.severity): Finding {
  return { id: `content/${rule.id}`, severity, file, line, explanation, recommendation: rule.recommendation };
}
