import type { ErrorCode } from '../errors.ts';
import { ChandleryError } from '../errors.ts';
import { SEVERITIES, type Severity } from '../validation.ts';
import type { Decision, DecisionRule, RuleVerdict } from './decision.ts';
import { boundRules } from './decision.ts';
import type { RuleOutcome } from './engine.ts';
import type { PolicyFacts } from './facts.ts';
import type { RegistryPolicy } from './registry-policy.ts';
import type { RegistryRule, RuleContext } from './rule.ts';
import { LAST_RULE, REGISTRY_RULES } from './rules.ts';
import { findWaiver, type Waiver, whyNotInForce } from './waivers.ts';

/** From facts to a decision. Pure: the same facts, policies and moment give the same record. */

export interface DecideBy {
  policy: RegistryPolicy;
  waivers: readonly Waiver[];
  /** digest of the policies */
  policies: string;
  /** ms since the epoch */
  now: number;
}

const TOLD: ReadonlySet<RuleVerdict> = new Set(['denied', 'waived', 'noted']);

type Draft = DecisionRule & { code?: ErrorCode; unwaivable?: true };

/** Asks every rule, also after one has denied, so that nobody learns of the second reason only when the first is gone. */
export function decide(facts: PolicyFacts, { policy, waivers, policies, now }: DecideBy): Decision {
  const context: RuleContext = { facts, policy, now };
  const drafts = [
    ...REGISTRY_RULES.map((rule) => draftOf(rule, context)),
    ...findingDrafts(facts, policy),
    ...unlistedDrafts(facts, policy),
    ...facts.outcomes.map((outcome) => outcomeDraft(outcome, policy)),
    draftOf(LAST_RULE, context),
  ].map((draft) => waived(draft, { facts, waivers, now }));
  const first = drafts.find(({ verdict }) => verdict === 'denied');
  const { name, version, digest } = facts.template;
  const bound = boundRules(drafts.map(({ code: _code, unwaivable: _unwaivable, ...rule }) => rule));
  return {
    allowed: first === undefined,
    ...(first && { code: first.code ?? 'policy_denied' }),
    template: `${name}@${version}`,
    registry: facts.registry.name,
    digest,
    at: new Date(now).toISOString(),
    policies,
    rules: bound.rules,
    more: bound.more + tolerated(facts, policy),
  };
}

/** The failure of a decision that denies, with every reason; of the record goes along what did not pass, since a failure is kept in many places. */
export function denial(decision: Decision): ChandleryError {
  const denied = decision.rules.filter(({ verdict }) => verdict === 'denied');
  const { template, registry, code = 'policy_denied' } = decision;
  const reasons = denied.map(({ rule, why }) => `${rule}: ${why}`);
  return new ChandleryError(code, `${template} from ${registry} is refused by policy: ${reasons.join('; ')}`, {
    template,
    registry,
    reasons,
    decision: { ...decision, rules: decision.rules.filter(({ verdict }) => TOLD.has(verdict)) },
    issues: denied.map(({ rule, why, input }) => ({
      path: typeof input.file === 'string' ? input.file : rule,
      message: why,
      ...(typeof input.line === 'number' && { line: input.line }),
    })),
  });
}

function draftOf(rule: RegistryRule, context: RuleContext): Draft {
  const judged = rule.judge(context);
  if (!judged) return { rule: rule.id, verdict: 'not-asked', input: {}, why: 'the policy of the registry does not ask for it' };
  const { input, wrong, fine, code = rule.code } = judged;
  if (wrong === undefined) return { rule: rule.id, verdict: 'passed', input, why: fine };
  return { rule: rule.id, verdict: 'denied', input, why: wrong, code };
}

/** One line for each finding, so that each can be waived by itself; one for all where there is none. */
function findingDrafts({ findings }: PolicyFacts, { maximumSeverity }: RegistryPolicy): Draft[] {
  if (findings.length === 0)
    return [{ rule: 'maximum-severity', verdict: 'passed', input: { findings: 0, maximumSeverity }, why: 'there is no finding' }];
  return findings.map(({ id, severity, file, line, explanation }) => ({
    rule: id,
    severity,
    verdict: tooBad(severity, maximumSeverity) ? 'denied' : 'noted',
    input: { severity, maximumSeverity, file, ...(line !== undefined && { line }) },
    why: explanation,
    code: 'scan_blocked',
  }));
}

/**
 * A finding that is not listed has no rule that a waiver could name, and nobody has seen it: where one of its severity is refused, so is the
 * template, whatever is waived.
 */
function unlistedDrafts({ unlisted }: PolicyFacts, { maximumSeverity }: RegistryPolicy): Draft[] {
  return SEVERITIES.flatMap((severity): Draft[] => {
    const count = unlisted?.[severity] ?? 0;
    if (count === 0 || !tooBad(severity, maximumSeverity)) return [];
    const why = `${count} more of severity ${severity}, not listed, so that no waiver can name them: correct what is listed`;
    const input = { severity, maximumSeverity, findings: count };
    return [{ rule: 'maximum-severity', severity, verdict: 'denied', input, why, code: 'scan_blocked', unwaivable: true }];
  });
}

/** Those of the unlisted that the registry's policy lets in. */
function tolerated({ unlisted }: PolicyFacts, { maximumSeverity }: RegistryPolicy): number {
  const severities = SEVERITIES.filter((severity) => !tooBad(severity, maximumSeverity));
  return severities.reduce((sum, severity) => sum + (unlisted?.[severity] ?? 0), 0);
}

/** A rule that could not be decided denies whatever its severity is: else the way past a policy would be to make it fail. */
function outcomeDraft({ rule, verdict, message }: RuleOutcome, { maximumSeverity }: RegistryPolicy): Draft {
  const { id, severity } = rule;
  const input = { severity, maximumSeverity };
  if (verdict === 'held') return { rule: id, verdict: 'passed', input, why: 'the expression is true' };
  const denied = verdict === 'undecided' || tooBad(severity, maximumSeverity);
  return { rule: id, severity, verdict: denied ? 'denied' : 'noted', input, why: message, code: 'scan_blocked' };
}

function waived(draft: Draft, { facts, waivers, now }: { facts: PolicyFacts; waivers: readonly Waiver[]; now: number }): Draft {
  if (draft.verdict !== 'denied' || draft.unwaivable) return draft;
  const { name, version } = facts.template;
  const what = { rule: draft.rule, registry: facts.registry.name, template: name, version };
  const { waiver, notInForce } = findWaiver(waivers, what, now);
  if (!waiver) return notInForce ? { ...draft, why: `${draft.why} (${whyNotInForce(notInForce, now)})` } : draft;
  const { owner, reason, expires } = waiver;
  return { ...draft, verdict: 'waived', waiver: { owner, reason, expires: new Date(expires).toISOString() } };
}

function tooBad(severity: Severity, maximum: Severity | 'none'): boolean {
  return maximum === 'none' || SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(maximum);
}
