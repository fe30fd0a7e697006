import type { ClusterSession, KubeObject } from '../../src/domain/cluster.ts';
import type { InventoryItem } from '../../src/domain/deployment.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { objectKey, refText } from '../../src/domain/object-ref.ts';
import { resolveTokens } from '../../src/domain/render/secret-tokens.ts';
import type { StepRun } from '../attempt.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyOurs } from './apply-ours.ts';
import { namingObject } from './name-object.ts';
import type { PlacedObject } from './placed.ts';
import { placed } from './placed.ts';
import type { UidLog } from './uid-log.ts';

export interface Applier {
  session: ClusterSession;
  run: StepRun;
  deploymentId: string;
  force: boolean;
  inventory: InventoryItem[];
  /** Uids of the revision that is replaced, by object. */
  before: ReadonlyMap<string, string>;
  values: Record<string, string>;
  uids: UidLog;
  /** Objects of the whole plan. */
  total: number;
}

/** Applies one object: an earlier attempt's is left alone, an unchanged one too, anything else is applied once. */
export function createApplier(deps: Pick<ActivityDeps, 'onMoment'>, applier: Applier): (object: KubeObject) => Promise<void> {
  const { session, run, inventory, uids, total } = applier;
  const known = new Map(inventory.map((item, index) => [objectKey(item.ref), { item, index }]));
  let done = 0;
  return async (object) => {
    run.signal.throwIfAborted();
    const here = await placed(session, object, run.signal);
    const entry = known.get(objectKey(here.ref));
    if (!entry) throw new ChandleryError('internal', `${refText(here.ref)} is not in the plan's inventory`);
    run.progress({ waitingFor: `${here.ref.kind} ${here.ref.name}, ${done} of ${total} applied` });
    if (entry.item.uid === undefined) uids.note(entry.index, await applyOne(deps, applier, here, entry.item));
    done += 1;
  };
}

async function applyOne(
  deps: Pick<ActivityDeps, 'onMoment'>,
  applier: Applier,
  { ref, object }: PlacedObject,
  item: InventoryItem,
): Promise<string> {
  const name = `${applier.run.context.step}.${ref.kind}.${ref.name}`;
  await deps.onMoment?.(name, 'before');
  const wanted = resolveTokens(object, applier.values);
  const live = await applyTo(applier, ref, wanted, item).catch((error: unknown) => {
    throw namingObject(error, refText(ref));
  });
  await deps.onMoment?.(name, 'after');
  return live.metadata.uid ?? '';
}

async function applyTo(
  { session, run, deploymentId, force, before }: Applier,
  ref: PlacedObject['ref'],
  wanted: KubeObject,
  item: InventoryItem,
): Promise<KubeObject> {
  const { signal } = run;
  const ours = { session, deploymentId, force, signal };
  // What came between plan and apply, in place of the one that was planned for too, is not ours to change; an earlier attempt's is.
  if (item.existed) return applyOurs(ours, ref, wanted, before.get(objectKey(ref)));
  return (await session.applyNew(wanted, { signal })) ?? (await applyOurs(ours, ref, wanted));
}
