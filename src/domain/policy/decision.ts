import type { ErrorCode } from '../errors.ts';
import type { Severity } from '../validation.ts';
import type { JsonValue } from './json-value.ts';

/** The record of why a template was let in or not: every rule, what it looked at, what it said. Stored with the install. */

/** `denied` decides; `waived` would have, but somebody answers for it; `noted` did not hold and is let in by the registry's policy. */
export type RuleVerdict = 'passed' | 'denied' | 'waived' | 'noted' | 'not-asked';

export interface DecisionRule {
  rule: string;
  verdict: RuleVerdict;
  /** what it looked at */
  input: Record<string, JsonValue>;
  /** one sentence for people */
  why: string;
  severity?: Severity;
  waiver?: { owner: string; reason: string; expires: string };
}

export interface Decision {
  allowed: boolean;
  /** of the first rule that denied */
  code?: ErrorCode;
  /** `name@version` */
  template: string;
  registry: string;
  digest: string;
  /** RFC 3339 */
  at: string;
  /** digest of the policies it was made by */
  policies: string;
  rules: DecisionRule[];
  /** Rules beyond MAX_DECISION_RULES that passed or were noted, and findings that are not listed and are let in. */
  more: number;
}

/** Rules one record holds; those that decided come first. */
export const MAX_DECISION_RULES = 200;

const RANK: Readonly<Record<RuleVerdict, number>> = { denied: 0, waived: 1, noted: 2, passed: 3, 'not-asked': 4 };

/** At most MAX_DECISION_RULES, never leaving out what decided while there is something else to leave out. */
export function boundRules(rules: readonly DecisionRule[]): { rules: DecisionRule[]; more: number } {
  if (rules.length <= MAX_DECISION_RULES) return { rules: [...rules], more: 0 };
  const sorted = [...rules].sort((a, b) => RANK[a.verdict] - RANK[b.verdict]);
  return { rules: sorted.slice(0, MAX_DECISION_RULES), more: rules.length - MAX_DECISION_RULES };
}
