import type { PolicyInput, PolicyRule } from '../../../src/domain/policy/engine.ts';

export const INPUT: PolicyInput = {
  template: { metadata: { name: 'shop', version: '1.0.0', license: 'MIT' }, spec: { type: 'manifests' } },
  files: [
    { path: 'deploy.yaml', size: 120 },
    { path: 'README.md', size: 2_000 },
  ],
  objects: [{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2, ratio: 0.5 } }],
  unreadable: [],
  registry: { name: 'campus', type: 'institutional', kind: 'chandlery' },
};

export function ruleOf(expression: string, more: Partial<PolicyRule> = {}): PolicyRule {
  return {
    id: 'policy/example/rule',
    severity: 'high',
    message: 'it does not hold',
    recommendation: 'make it hold',
    expression,
    variables: [],
    appliesTo: {},
    ...more,
  };
}

/** `(a+)+$` against a text that does not match takes twice as long with each letter. */
export const ENDLESS_PATTERN = `"${'a'.repeat(60)}!".matches("^(a+)+$")`;
/** A thousand to the power of five steps. */
export const ENDLESS_LOOP = nested(5);

function nested(depth: number): string {
  const list = `[${Array.from({ length: 200 }, (_, at) => at).join(',')}]`;
  return depth === 0 ? 'true' : `${list}.all(x${depth}, ${nested(depth - 1)})`;
}
