import { createCelEngine } from './adapters/policy/cel-engine.ts';
import { loadPolicies } from './adapters/policy/load-policies.ts';
import type { Config } from './config.ts';
import { LOCAL_REGISTRY } from './domain/operation.ts';
import type { PolicyBook } from './domain/policy/book.ts';
import type { PolicyEngine } from './domain/policy/engine.ts';
import { policyValidator } from './domain/policy/validator.ts';
import type { Validator } from './domain/validation.ts';
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

/** For a process that asks nothing of them: it must not start either where they are wrong, or people would learn of it at their first install. */
export async function checkPolicies(config: Pick<Config, 'policiesDir'>): Promise<void> {
  const { engine } = await openPolicies(config);
  await engine.close();
}

/** The same rules for what is published here, or is about to be. */
export function publishPolicy({ book, engine }: Policies): Validator {
  return policyValidator(book, engine, { name: LOCAL_REGISTRY, type: 'private', kind: 'chandlery' });
}

/** What `judgeDirectory` does, with the policies of a folder besides. Fails with config_invalid for a folder that is not valid. */
export async function judgeByPolicies(
  dir: string,
  policiesDir: string,
  validators: readonly Validator[] = [],
): ReturnType<typeof judgeDirectory> {
  const policies = await openPolicies({ policiesDir });
  try {
    const { licences } = policies.book;
    const set = openValidation({ validators: [publishPolicy(policies), ...validators], ...(licences && { licences }) });
    return await judgeDirectory(dir, set);
  } finally {
    await policies.engine.close();
  }
}
