import type { Severity } from '../validation.ts';
import type { JsonValue } from './json-value.ts';
import type { Selector } from './selector.ts';

/** The port to the language that policies are written in (CEL), and what an expression sees. */

/** What expressions are given, each under its name; docs/policies.md describes them. */
export interface PolicyInput {
  /** the manifest, as `template.yaml` has it */
  template: JsonValue;
  /** path and size (bytes) of every file of the archive */
  files: Array<{ path: string; size: number }>;
  /** Kubernetes objects in the archive's YAML and JSON files */
  objects: JsonValue[];
  /** paths of files that look like Kubernetes objects and cannot be read as such before they are rendered */
  unreadable: string[];
  registry: { name: string; type: string; kind: string };
}

/** Names that an expression may use, besides `variables.NAME` of its own policy. */
export const POLICY_NAMES = ['template', 'files', 'objects', 'unreadable', 'registry'] as const satisfies ReadonlyArray<
  keyof PolicyInput
>;

/** One `validations` entry of a policy, ready to be asked. */
export interface PolicyRule {
  /** `policy/<policy>/<rule>`, as findings, waivers and the decision record call it */
  id: string;
  severity: Severity;
  message: string;
  recommendation: string;
  expression: string;
  /** CEL as well: the message for this very template */
  messageExpression?: string;
  /** of its policy, in order */
  variables: ReadonlyArray<{ name: string; expression: string }>;
  appliesTo: Selector;
}

/** `held`: the expression was true. `broken`: it was false. `undecided`: it failed or was cut off, which counts as broken and worse. */
export interface RuleOutcome {
  rule: PolicyRule;
  verdict: 'held' | 'broken' | 'undecided';
  message: string;
}

export interface ExpressionProblem {
  message: string;
  /** characters from the start of the expression */
  offset: number;
}

export interface PolicyEngine {
  /** Undefined for an expression that compiles to what is expected; a value whose type shows only later counts as expected. */
  check(expression: string, expects: 'bool' | 'string' | 'any'): ExpressionProblem | undefined;
  /** Asks every rule. An expression that fails or never ends makes its own rule `undecided` and no other. Rejects only with the signal. */
  evaluate(rules: readonly PolicyRule[], input: PolicyInput, signal?: AbortSignal): Promise<RuleOutcome[]>;
  close(): Promise<void>;
}

/** Bounds on policies. They are the operator's own, so these catch mistakes; the data they look at is a stranger's. */
export const POLICY_LIMITS = Object.freeze({
  /** characters of one expression; Kubernetes' own longest published policies are a quarter of it */
  expressionLength: 4_096,
  /** nodes of one expression's tree */
  nodes: 2_000,
  /** nesting of one expression */
  depth: 60,
  /** ms one rule may take for one template; a rule over a thousand objects takes a few */
  ruleMs: 500,
  /** MiB of objects the evaluating process may hold */
  heapMib: 128,
  /** characters of a message that an expression made */
  messageLength: 1_000,
  /** Kubernetes objects one template may show to its policies */
  objects: 2_000,
  rules: 500,
  waivers: 1_000,
});
