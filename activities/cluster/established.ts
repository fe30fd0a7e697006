import type { ClusterSession, KubeObject, ObjectRef } from '../../src/domain/cluster.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { refOf, refText } from '../../src/domain/object-ref.ts';
import { readinessOf } from '../../src/domain/readiness/readiness.ts';
import type { StepRun } from '../attempt.ts';
import { isDefinition, kindsDefinedBy } from './definitions.ts';

/** A definition is established within a second; one that is not has a conflict of names. */
const ESTABLISHED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

type Run = Pick<StepRun, 'signal' | 'progress'>;

/** Waits until the kinds that these objects define, if they define any, can be asked for: what is of such a kind comes after. Fails with not_ready. */
export async function established(session: ClusterSession, objects: KubeObject[], run: Run): Promise<void> {
  const until = Date.now() + ESTABLISHED_WITHIN_MS;
  for (const object of objects.filter(isDefinition)) {
    const { namespace: _none, ...ref } = refOf(object);
    for (;;) {
      const missing = await notEstablished(session, ref, object, run);
      if (missing === undefined) break;
      if (Date.now() > until) throw new ChandleryError('not_ready', `${refText(ref)} was not established: ${missing}`);
      run.progress({ waitingFor: `${refText(ref)} to be established` });
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      run.signal.throwIfAborted();
    }
  }
}

/** What is missing; undefined when nothing is. */
async function notEstablished(session: ClusterSession, ref: ObjectRef, definition: KubeObject, { signal }: Run) {
  const live = await session.get(ref, { signal });
  const readiness = live && readinessOf(live);
  if (readiness?.status !== 'ready') return readiness?.message ?? 'it is gone';
  // The server serves a kind a moment after it says so.
  for (const [, { group, version, kind }] of kindsDefinedBy(definition))
    if (!(await session.resourceType(`${group}/${version}`, kind, { signal }))) return `${kind} is not served yet`;
  return undefined;
}
