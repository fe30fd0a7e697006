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

type Draft = DecisionRule & { code?: ErrorCode };

/** Asks every rule, also after one has denied, so that nobody learns of the second reason only when the first is gone. */
export function decide(facts: PolicyFacts, { policy, waivers, policies, now }: DecideBy): Decision {
  const context: RuleContext = { facts, policy, now };
  const drafts = [
    ...REGISTRY_RULES.map((rule) => draftOf(rule, context)),
    ...findingDrafts(facts, policy),
    ...facts.outcomes.map((outcome) => outcomeDraft(outcome, policy)),
    draftOf(LAST_RULE, context),
  ].map((draft) => waived(draft, { facts, waivers, now }));
  const first = drafts.find(({ verdict }) => verdict === 'denied');
  const { name, version, digest } = facts.template;
  return {
    allowed: first === undefined,
    ...(first && { code: first.code ?? 'policy_denied' }),
    template: `${name}@${version}`,
    registry: facts.registry.name,
    digest,
    at: new Date(now).toISOString(),
    policies,
    ...boundRules(drafts.map(({ code: _code, ...rule }) => rule)),
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

/** A rule that could not be decided denies whatever its severity is: else the way past a policy would be to make it fail. */
function outcomeDraft({ rule, verdict, message }: RuleOutcome, { maximumSeverity }: RegistryPolicy): Draft {
  const { id, severity } = rule;
  const input = { severity, maximumSeverity };
  if (verdict === 'held') return { rule: id, verdict: 'passed', input, why: 'the expression is true' };
  const denied = verdict === 'undecided' || tooBad(severity, maximumSeverity);
  return { rule: id, severity, verdict: denied ? 'denied' : 'noted', input, why: message, code: 'scan_blocked' };
}

function waived(draft: Draft, { facts, waivers, now }: { facts: PolicyFacts; waivers: readonly Waiver[]; now: number }): Draft {
  if (draft.verdict !== 'denied') return draft;
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
