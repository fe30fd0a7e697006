import { ChandleryError } from '../../../domain/errors.ts';
import type { AuditStore } from '../../../domain/store.ts';
import type { SourcesOf } from './sources.ts';

/** Carries the change out and writes down who made it, or who was not allowed to. The url is left out: its query may hold a secret. */
export async function audited(
  audit: AuditStore,
  action: 'create-source' | 'change-source' | 'remove-source',
  { session, namespace }: SourcesOf,
  name: string,
  change: () => Promise<void>,
): Promise<void> {
  const entry = { actor: session.identity.user, action, object: `source/${namespace}/${name}` };
  try {
    await change();
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'forbidden')
      await audit.append({ ...entry, outcome: 'denied', code: error.code });
    throw error;
  }
  await audit.append({ ...entry, outcome: 'allowed' });
}
