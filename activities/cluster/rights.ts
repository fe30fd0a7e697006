import type { AccessQuestion, ClusterSession } from '../../src/domain/cluster.ts';
import { ChandleryError } from '../../src/domain/errors.ts';

/** Fails with forbidden, naming every right of these that the session's user does not have. */
export async function demandRights(session: ClusterSession, questions: AccessQuestion[], signal: AbortSignal): Promise<void> {
  const answers = await session.mayI(questions, { signal });
  const missing = questions.filter((_question, at) => answers[at] !== true);
  if (missing.length > 0) throw forbidden(session, missing);
}

/** The refusal of all that is missing at once; `missing` in its details. */
export function forbidden(session: ClusterSession, missing: AccessQuestion[]): ChandleryError {
  const byResource = new Map<string, string[]>();
  for (const { verb, group, resource, namespace } of missing) {
    const what = `${resource}${group ? `.${group}` : ''}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
    byResource.set(what, [...(byResource.get(what) ?? []), verb]);
  }
  const words = [...byResource].map(([what, verbs]) => `${verbs.join(', ')} ${what}`);
  return new ChandleryError('forbidden', `${session.identity.user} may not ${words.join('; ')}`, { missing });
}
