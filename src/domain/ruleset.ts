import { jsonDigest } from './json-digest.ts';

/** What a verdict depends on beside the bytes that were looked at: somebody who looks, and the state of what they know. */
export interface RulesetPart {
  readonly id: string;
  readonly version?: string;
}

/**
 * One name for the whole of validators, scanners, policies and data bases: a digest over their ids and versions, in any order. Verdicts are kept
 * by content digest and this, so a verdict of other rules is never used.
 */
export function rulesetOf(parts: readonly RulesetPart[]): string {
  const named = parts.map(({ id, version = '1' }) => `${id}@${version}`);
  return jsonDigest([...new Set(named)].sort());
}
