import type { ClusterSession, KubeObject, ObjectRef } from '../../src/domain/cluster.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { refText } from '../../src/domain/object-ref.ts';
import { notOwned, ownershipOf } from '../../src/domain/plan/ownership.ts';

/** Times it is tried; an object that is another one each time is somebody else's to sort out. */
const TRIES = 3;

interface Ours {
  session: ClusterSession;
  deploymentId: string;
  /** Takes fields over from other managers. */
  force: boolean;
  signal: AbortSignal;
}

/**
 * Applies an object that may be there already, but never to somebody else's of that name: it is sent with the uid of the one that is known
 * to be ours, and the server refuses it for any other. `uid`: the one that is on record, so that it need not be looked at first. Fails
 * with not_owned, and as applying does.
 */
export async function applyOurs(
  { session, deploymentId, force, signal }: Ours,
  ref: ObjectRef,
  wanted: KubeObject,
  uid?: string,
): Promise<KubeObject> {
  const look = () => ownUid(session, deploymentId, ref, signal);
  let known = uid ?? (await look());
  for (let tries = 1; tries <= TRIES; tries += 1) {
    try {
      const done =
        known === undefined
          ? await session.applyNew(wanted, { signal })
          : await session.apply({ ...wanted, metadata: { ...wanted.metadata, uid: known } }, { force, signal });
      if (done) return done;
      known = await look();
    } catch (error) {
      const now = mayBeAnother(error) ? await look() : known;
      // Still the same one: then it was refused for what it says.
      if (now === known) throw error;
      known = now;
    }
  }
  throw new ChandleryError('cluster_unavailable', `${refText(ref)} comes and goes at the same moment`);
}

/** Undefined when it is not there. */
async function ownUid(
  session: ClusterSession,
  deploymentId: string,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<string | undefined> {
  const live = await session.get(ref, { signal });
  if (!live) return undefined;
  const ownership = ownershipOf(live, deploymentId);
  if (ownership !== 'ours') throw notOwned([{ ref, ...ownership }]);
  return live.metadata.uid;
}

/** For another uid the server says that this field cannot change; where there is no such object any more, 409. */
function mayBeAnother(error: unknown): boolean {
  if (!(error instanceof ChandleryError)) return false;
  const { upstreamStatus, issues } = error.details;
  // Another's object has fields of other managers, which is what is found first.
  if (upstreamStatus === 409) return true;
  return error.code === 'object_invalid' && issues?.some(({ path }) => path === '/metadata/uid') === true;
}
