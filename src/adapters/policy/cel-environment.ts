import { Environment } from '@marcbachmann/cel-js';
import type { ExpressionProblem } from '../../domain/policy/engine.ts';
import { POLICY_LIMITS, POLICY_NAMES } from '../../domain/policy/engine.ts';

/** In the words of the library. */
export const PARSE_LIMITS = Object.freeze({
  maxAstNodes: POLICY_LIMITS.nodes,
  maxDepth: POLICY_LIMITS.depth,
  maxListElements: 1_000,
  maxMapEntries: 1_000,
  maxCallArguments: 32,
});

const environment = createEnvironment();

function createEnvironment(): Environment {
  const created = new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true, limits: PARSE_LIMITS });
  for (const name of [...POLICY_NAMES, 'variables']) created.registerVariable(name, 'dyn');
  return created;
}

/** What is wrong with an expression before anything is evaluated: its length, grammar, names, and the type it comes to. */
export function checkExpression(expression: string, expects: 'bool' | 'string' | 'any'): ExpressionProblem | undefined {
  if (expression.length > POLICY_LIMITS.expressionLength)
    return { message: `is ${expression.length} characters long, ${POLICY_LIMITS.expressionLength} are allowed`, offset: 0 };
  const { valid, type = 'dyn', error } = environment.check(expression);
  if (!valid) {
    const { summary, message, range } = error as Error & { summary?: string; range?: { start: number } };
    return { message: summary ?? message, offset: range?.start ?? 0 };
  }
  if (expects === 'any' || type === expects || type === 'dyn') return undefined;
  return { message: `comes to ${type}, and ${expects} is wanted`, offset: 0 };
}
