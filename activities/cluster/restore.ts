import type { ClusterSession, KubeObject, ObjectRef } from '../../src/domain/cluster.ts';
import type { InventoryItem, RevisionRecord } from '../../src/domain/deployment.ts';
import type { DeploymentKey } from '../../src/domain/deployment-store.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { objectKey } from '../../src/domain/object-ref.ts';
import { resolveTokens } from '../../src/domain/render/secret-tokens.ts';
import type { Rendered } from '../../src/domain/rendered.ts';
import type { StepRun } from '../attempt.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyOurs } from './apply-ours.ts';
import { established } from './established.ts';
import { placed } from './placed.ts';
import { deploymentIdOf, inParallel } from './session.ts';
import { valuesOf } from './values.ts';

/**
 * Makes the objects of a revision what they were; answers its inventory with the uids they have now. What somebody else has made under
 * the name of one meanwhile is left as it is, in `foreign`.
 */
export async function restoreRevision(
  deps: ActivityDeps,
  session: ClusterSession,
  key: DeploymentKey,
  revision: RevisionRecord,
  run: Pick<StepRun, 'signal' | 'progress'>,
): Promise<{ inventory: InventoryItem[]; foreign: ObjectRef[] }> {
  const rendered = await renderedOf(deps, revision.rendered);
  const values = await valuesOf(session, key, revision.values?.name, run.signal);
  const uids = new Map<string, string>();
  const foreign: ObjectRef[] = [];
  const ours = { session, deploymentId: deploymentIdOf(key), force: true, signal: run.signal };
  const waves = [...new Set(rendered.objects.map((object) => object.wave))].sort((a, b) => a - b);
  for (const wave of waves) {
    const objects = rendered.objects.filter((object) => object.wave === wave).map(({ object }) => object);
    await inParallel(objects, async (object) => {
      const here = await placed(session, object, run.signal);
      run.progress({ waitingFor: `${here.ref.kind} ${here.ref.name} to be as it was` });
      const live = await putBack(ours, here.ref, resolveTokens(here.object, values), run);
      if (!live) foreign.push(here.ref);
      else if (live.metadata.uid !== undefined) uids.set(objectKey(here.ref), live.metadata.uid);
    });
    await established(session, objects, run);
  }
  const inventory = revision.inventory.map((item) => {
    const uid = uids.get(objectKey(item.ref)) ?? item.uid;
    return { ...item, ...(uid !== undefined && { uid }) };
  });
  return { inventory, foreign };
}

/** Pause between two looks at an object that is going, milliseconds. */
const LOOK_EVERY_MS = 200;

/** An object whose deletion has begun takes every change and goes all the same: it is waited for, and made anew. Undefined for somebody else's. */
async function putBack(
  ours: Parameters<typeof applyOurs>[0],
  ref: ObjectRef,
  object: KubeObject,
  run: Pick<StepRun, 'signal' | 'progress'>,
): Promise<KubeObject | undefined> {
  for (;;) {
    // What this operation changed was ours before it: its fields are taken back from whoever took them over in between, but no object is.
    const live = await applyOurs(ours, ref, object).catch((error: unknown) => {
      if (error instanceof ChandleryError && error.code === 'not_owned') return undefined;
      throw error;
    });
    if (live?.metadata.deletionTimestamp === undefined) return live;
    run.progress({ waitingFor: `${ref.kind} ${ref.name} to go before it can be made again` });
    while ((await ours.session.get(ref, { signal: run.signal }))?.metadata.uid === live.metadata.uid) {
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
