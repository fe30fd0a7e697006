import { createCelEngine } from './adapters/policy/cel-engine.ts';
import { loadPolicies } from './adapters/policy/load-policies.ts';
import type { Config } from './config.ts';
import type { Judgement } from './domain/judgement.ts';
import { LOCAL_REGISTRY } from './domain/operation.ts';
import type { PolicyBook } from './domain/policy/book.ts';
import type { PolicyEngine } from './domain/policy/engine.ts';
import { policyValidator } from './domain/policy/validator.ts';
import type { Validator } from './domain/validation.ts';
import type { StatusThresholds } from './domain/validation-score.ts';
import type { ValidationParts } from './domain/validation-set.ts';
import { judgeDirectory, openValidation } from './validation.ts';

export interface Policies {
  book: PolicyBook;
  engine: PolicyEngine;
}

/** The policies of CHANDLERY_POLICIES. Fails with config_invalid, with file and line: a server without its policies must not run. */
export async function openPolicies(config: Pick<Config, 'policiesDir'>): Promise<Policies> {
  const engine = createCelEngine();
  try {
    return { book: await loadPolicies(config.policiesDir, engine), engine };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** For a process that asks no rules: it must not start either where they are wrong, or people would learn of it at their first install. */
export async function checkPolicies(config: Pick<Config, 'policiesDir'>): Promise<PolicyBook> {
  const { engine, book } = await openPolicies(config);
  await engine.close();
  return book;
}

/** The same rules for what is published here, or is about to be. */
export function publishPolicy({ book, engine }: Policies): Validator {
  return policyValidator(book, engine, { name: LOCAL_REGISTRY, type: 'private', kind: 'chandlery' });
}

/** What the book brings to the set that judges, besides its rules. */
export function partsOf({ licences, publish }: PolicyBook): ValidationParts {
  return { ...(licences && { licences }), ...(publish && { thresholds: publish }) };
}

/** What `judgeDirectory` does, with the policies of a folder besides. Fails with config_invalid for a folder that is not valid. */
export async function judgeByPolicies(
  dir: string,
  policiesDir: string,
  validators: readonly Validator[] = [],
): Promise<{ judgement: Judgement; thresholds: StatusThresholds }> {
  const policies = await openPolicies({ policiesDir });
  try {
    const set = openValidation({ validators: [publishPolicy(policies), ...validators], ...partsOf(policies.book) });
    return { judgement: await judgeDirectory(dir, set), thresholds: set.thresholds };
  } finally {
    await policies.engine.close();
  }
}
