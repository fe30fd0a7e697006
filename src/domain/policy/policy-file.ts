import { z } from 'zod';
import type { ErrorIssue } from '../errors.ts';
import type { LicencePolicy } from '../licences/validator.ts';
import type { StatusThresholds } from '../validation-score.ts';
import { issuesIn } from '../yaml-issues.ts';
import { issuesFailure, readYamlDocuments, type YamlDocument } from '../yaml-limits.ts';
import type { PolicyEngine, PolicyRule } from './engine.ts';
import { POLICY_LIMITS } from './engine.ts';
import { placeInExpression } from './expression-place.ts';
import { licencePolicySchema } from './licence-policy.ts';
import { publishPolicySchema } from './publish-policy.ts';
import { type RegistryPolicyEntry, registryPolicySchema } from './registry-policy.ts';
import { selectorSchema } from './selector.ts';
import { type Waiver, waiverSchema } from './waivers.ts';

/** One file of the policies folder: YAML documents of the kinds Policy, RegistryPolicy, LicencePolicy, PublishPolicy and Waiver. */

export interface PolicyFile {
  rules: PolicyRule[];
  registryPolicies: RegistryPolicyEntry[];
  licencePolicies: LicencePolicy[];
  publishPolicies: StatusThresholds[];
  waivers: Waiver[];
}

/** Documents of one file. */
const MAX_DOCUMENTS = 200;
const MAX_VALIDATIONS = 100;
const MAX_VARIABLES = 50;
const MAX_TEXT = 1_000;

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const name = z.string().regex(NAME, 'must be lower-case letters, digits and inner hyphens, 63 at most');
const expression = z.string().min(1).max(POLICY_LIMITS.expressionLength);

const policySchema = z.strictObject({
  appliesTo: selectorSchema.default({}),
  variables: z
    .array(z.strictObject({ name: z.string().regex(/^[a-zA-Z_]\w{0,62}$/, 'must be a name such as `pods`'), expression }))
    .max(MAX_VARIABLES)
    .default([]),
  validations: z
    .array(
      z.strictObject({
        name: name.optional(),
        expression,
        message: z.string().min(1).max(MAX_TEXT),
        messageExpression: expression.optional(),
        severity: z.enum(['critical', 'high', 'medium', 'low', 'info']).default('high'),
        recommendation: z.string().min(1).max(MAX_TEXT).optional(),
      }),
    )
    .min(1)
    .max(MAX_VALIDATIONS),
});

const metadata = z.strictObject({ name, description: z.string().max(MAX_TEXT).optional() });
const apiVersion = z.literal('chandlery.dev/v1');
const documentSchema = z.discriminatedUnion('kind', [
  z.strictObject({ apiVersion, kind: z.literal('Policy'), metadata, spec: policySchema }),
  z.strictObject({ apiVersion, kind: z.literal('RegistryPolicy'), metadata, spec: registryPolicySchema }),
  z.strictObject({ apiVersion, kind: z.literal('LicencePolicy'), metadata, spec: licencePolicySchema }),
  z.strictObject({ apiVersion, kind: z.literal('PublishPolicy'), metadata, spec: publishPolicySchema }),
  z.strictObject({ apiVersion, kind: z.literal('Waiver'), metadata, spec: waiverSchema }),
]);

type Parsed = z.output<typeof documentSchema>;
type Policy = Extract<Parsed, { kind: 'Policy' }>;

/** Reads one file. Fails with config_invalid, naming file, line and column of everything that is wrong, expressions included. */
export function parsePolicyFile(text: string, file: string, engine: Pick<PolicyEngine, 'check'>): PolicyFile {
  const documents = readYamlDocuments(text, { file, code: 'config_invalid', maxDocuments: MAX_DOCUMENTS });
  const issues: ErrorIssue[] = [];
  const read: PolicyFile = { rules: [], registryPolicies: [], licencePolicies: [], publishPolicies: [], waivers: [] };
  for (const document of documents) {
    const parsed = documentSchema.safeParse(document.value);
    if (!parsed.success) issues.push(...issuesIn(parsed.error, document));
    else if (parsed.data.kind === 'RegistryPolicy') read.registryPolicies.push(parsed.data.spec);
    else if (parsed.data.kind === 'LicencePolicy') read.licencePolicies.push(parsed.data.spec);
    else if (parsed.data.kind === 'PublishPolicy') read.publishPolicies.push(parsed.data.spec);
    else if (parsed.data.kind === 'Waiver') read.waivers.push(parsed.data.spec);
    else {
      issues.push(...expressionIssues(parsed.data, { document, text }, engine));
      read.rules.push(...rulesOf(parsed.data));
    }
  }
  if (issues.length > 0) throw issuesFailure('config_invalid', file, issues);
  return read;
}

function rulesOf({ metadata: { name: policy }, spec }: Policy): PolicyRule[] {
  return spec.validations.map((rule, at) => ({
    id: `policy/${policy}/${rule.name ?? at + 1}`,
    severity: rule.severity,
    message: rule.message,
    recommendation: rule.recommendation ?? `Meet the policy ${policy}, or ask its owner for a waiver.`,
    expression: rule.expression,
    ...(rule.messageExpression !== undefined && { messageExpression: rule.messageExpression }),
    variables: spec.variables,
    appliesTo: spec.appliesTo,
  }));
}

function expressionIssues(
  { spec }: Policy,
  { document, text }: { document: YamlDocument; text: string },
  engine: Pick<PolicyEngine, 'check'>,
): ErrorIssue[] {
  const places = [
    ...spec.variables.map((entry, at) => [`/spec/variables/${at}/expression`, entry.expression, 'any'] as const),
    ...spec.validations.flatMap((rule, at) => [
      [`/spec/validations/${at}/expression`, rule.expression, 'bool'] as const,
      ...(rule.messageExpression === undefined
        ? []
        : [[`/spec/validations/${at}/messageExpression`, rule.messageExpression, 'string'] as const]),
    ]),
  ];
  return places.flatMap(([pointer, source, expects]) => {
    const problem = engine.check(source, expects);
    if (!problem) return [];
    const place = placeInExpression(text, document.locate(pointer), source, problem.offset);
    return [{ path: pointer.slice(1).replaceAll('/', '.'), message: `does not compile: ${problem.message}`, ...place }];
  });
}
