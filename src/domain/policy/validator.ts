import type { RegistryType } from '../registry.ts';
import { MANIFEST_FILE } from '../template.ts';
import type { Finding, Validator } from '../validation.ts';
import type { PolicyBook } from './book.ts';
import { policiesFor } from './book.ts';
import type { PolicyEngine, RuleOutcome } from './engine.ts';
import { policyInput } from './policy-input.ts';

/** Raised with every change of what the expressions see of the same archive. */
const INPUT = '2';

/** The policies as a validator, for publishing and `chandlery validate`: what is broken becomes a finding. */
export function policyValidator(
  book: PolicyBook,
  engine: Pick<PolicyEngine, 'evaluate'>,
  registry: { name: string; type: RegistryType; kind: string },
): Validator {
  return {
    id: 'policy',
    stage: 'security',
    covers: `${book.rules.length} policy rules`,
    version: `${INPUT}+${book.digest}`,
    // An install asks the policies of the registry it comes from.
    publishOnly: true,
    async validate(subject, signal) {
      const { rules } = policiesFor(book, registry, subject.manifest.metadata.name);
      const outcomes = await engine.evaluate(rules, policyInput(subject, registry), signal);
      return outcomes.filter(({ verdict }) => verdict !== 'held').map(findingOf);
    },
  };
}

/** One that could not be decided is critical, whatever its rule says: else the way past a policy would be to make it fail. */
function findingOf({ rule, verdict, message }: RuleOutcome): Finding {
  return {
    id: rule.id,
    severity: verdict === 'undecided' ? 'critical' : rule.severity,
    file: MANIFEST_FILE,
    explanation: message,
    recommendation: rule.recommendation,
  };
}
