import type { ClusterSession, KubeObject, ObjectRef } from '../../src/domain/cluster.ts';
import type { InventoryItem, RevisionRecord } from '../../src/domain/deployment.ts';
import type { DeploymentKey } from '../../src/domain/deployment-store.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { objectKey } from '../../src/domain/object-ref.ts';
import { resolveTokens } from '../../src/domain/render/secret-tokens.ts';
import type { Rendered } from '../../src/domain/rendered.ts';
import type { StepRun } from '../attempt.ts';
import type { ActivityDeps } from '../deps.ts';
import { established } from './established.ts';
import { placed } from './placed.ts';
import { inParallel } from './session.ts';
import { valuesOf } from './values.ts';

/** Makes the objects of a revision what they were; answers its inventory with the uids they have now. */
export async function restoreRevision(
  deps: ActivityDeps,
  session: ClusterSession,
  key: DeploymentKey,
  revision: RevisionRecord,
  run: Pick<StepRun, 'signal' | 'progress'>,
): Promise<InventoryItem[]> {
  const rendered = await renderedOf(deps, revision.rendered);
  const values = await valuesOf(session, key, revision.values?.name, run.signal);
  const uids = new Map<string, string>();
  const waves = [...new Set(rendered.objects.map((object) => object.wave))].sort((a, b) => a - b);
  for (const wave of waves) {
    const objects = rendered.objects.filter((object) => object.wave === wave).map(({ object }) => object);
    await inParallel(objects, async (object) => {
      const here = await placed(session, object, run.signal);
      run.progress({ waitingFor: `${here.ref.kind} ${here.ref.name} to be as it was` });
      const live = await putBack(session, here.ref, resolveTokens(here.object, values), run);
      if (live.metadata.uid !== undefined) uids.set(objectKey(here.ref), live.metadata.uid);
    });
    await established(session, objects, run);
  }
  return revision.inventory.map((item) => {
    const uid = uids.get(objectKey(item.ref)) ?? item.uid;
    return { ...item, ...(uid !== undefined && { uid }) };
  });
}

/** Pause between two looks at an object that is going, milliseconds. */
const LOOK_EVERY_MS = 200;

/** An object whose deletion has begun takes every change and goes all the same: it is waited for, and made anew. */
async function putBack(
  session: ClusterSession,
  ref: ObjectRef,
  object: KubeObject,
  run: Pick<StepRun, 'signal' | 'progress'>,
): Promise<KubeObject> {
  for (;;) {
    // What this operation changed was ours before it: taking it back takes it over from whoever came in between.
    const live = await session.apply(object, { force: true, signal: run.signal });
    if (live.metadata.deletionTimestamp === undefined) return live;
    run.progress({ waitingFor: `${ref.kind} ${ref.name} to go before it can be made again` });
    while ((await session.get(ref, { signal: run.signal }))?.metadata.uid === live.metadata.uid) {
      run.signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

/** Fails with internal when the document is not there: it is written before anything refers to it. */
export async function renderedOf(deps: ActivityDeps, digest: string): Promise<Rendered> {
  const rendered = await deps.store.documents.get('rendered', digest);
  if (!rendered) throw new ChandleryError('internal', `the rendered objects ${digest} are not in the store`);
  return rendered as Rendered;
}
