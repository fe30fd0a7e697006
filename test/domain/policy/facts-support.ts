import { type DecideBy, decide } from '../../../src/domain/policy/decide.ts';
import type { DecisionRule } from '../../../src/domain/policy/decision.ts';
import type { PolicyFacts } from '../../../src/domain/policy/facts.ts';
import { DEFAULT_REGISTRY_POLICIES, type RegistryPolicy } from '../../../src/domain/policy/registry-policy.ts';
import { type Waiver, waiverSchema } from '../../../src/domain/policy/waivers.ts';

export const NOW = Date.parse('2026-11-21T12:00:00Z');
export const DAY = 86_400_000;

const FACTS: PolicyFacts = {
  template: { name: 'shop', version: '1.2.0', digest: `sha256:${'a'.repeat(64)}` },
  registry: { name: 'campus', type: 'institutional', kind: 'chandlery' },
  trust: { verified: false, note: 'no trust block in manifest — pack is unsigned' },
  findings: [],
  outcomes: [],
  acceptUnsigned: false,
};

export const finding = (id: string, severity: 'critical' | 'high' | 'medium' | 'low' | 'info') => ({
  id,
  severity,
  file: 'deploy.yaml',
  line: 7,
  explanation: `${id} was found`,
  recommendation: 'take it out',
});

export const waiver = (fields: Record<string, unknown>): Waiver =>
  waiverSchema.parse({ owner: 'ann@example.org', reason: 'we looked at it on Monday', expires: '2026-12-01', ...fields });

/** The decision on FACTS, changed by these facts and this policy. */
export function decided(facts: Partial<PolicyFacts>, policy: Partial<RegistryPolicy> = {}, by: Partial<DecideBy> = {}) {
  return decide(
    { ...FACTS, ...facts },
    {
      policy: { ...DEFAULT_REGISTRY_POLICIES.institutional, ...policy },
      waivers: [],
      policies: 'sha256:0',
      now: NOW,
      ...by,
    },
  );
}

export const lineOf = ({ rules }: { rules: DecisionRule[] }, rule: string) => rules.find((line) => line.rule === rule);
