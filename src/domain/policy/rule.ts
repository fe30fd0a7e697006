import type { ErrorCode } from '../errors.ts';
import type { PolicyFacts } from './facts.ts';
import type { JsonValue } from './json-value.ts';
import type { RegistryPolicy } from './registry-policy.ts';

/** What a rule of a registry's policy is. */

export interface RuleContext {
  facts: PolicyFacts;
  policy: RegistryPolicy;
  /** ms since the epoch */
  now: number;
}

export interface Judged {
  input: Record<string, JsonValue>;
  /** Why it denies; absent when it holds. */
  wrong?: string;
  /** Instead of the rule's. */
  code?: ErrorCode;
  /** Why it holds. */
  fine: string;
}

export interface RegistryRule {
  id: string;
  code: ErrorCode;
  /** Undefined where the policy does not ask. */
  judge(context: RuleContext): Judged | undefined;
}
