import type { KubeObject, ObjectRef } from '../cluster.ts';
import { objectKey, refOf } from '../object-ref.ts';
import { type PodState, podStateOf } from './pods.ts';

/** The pods seen so far, by what they belong to; a deployment may have thousands, and each of their events asks. */
export class PodIndex {
  readonly #pods = new Map<string, PodState>();
  readonly #byHolder = new Map<string, Map<string, PodState>>();

  see(object: KubeObject, now: number): void {
    const key = objectKey(refOf(object));
    const pod = podStateOf(object, this.#pods.get(key), now);
    const holder = holderOf(pod);
    this.#pods.set(key, pod);
    this.#byHolder.set(holder, (this.#byHolder.get(holder) ?? new Map<string, PodState>()).set(key, pod));
  }

  gone(key: string): void {
    const pod = this.#pods.get(key);
    if (!pod) return;
    this.#pods.delete(key);
    this.#byHolder.get(holderOf(pod))?.delete(key);
  }

  refs(): ObjectRef[] {
    return [...this.#pods.values()].map(({ ref }) => ref);
  }

  /** The pods of a workload; of a pod, itself. */
  of(ref: ObjectRef): PodState[] {
    return [...(this.#byHolder.get(objectKey(ref))?.values() ?? [])];
  }

  /** Whether a pod mounts the claim. */
  uses(claim: ObjectRef): boolean {
    return [...this.#pods.values()].some(({ ref, claims }) => ref.namespace === claim.namespace && claims.includes(claim.name));
  }
}

/**
 * What a pod belongs to. A Deployment's pod belongs to its ReplicaSet, whose name is the Deployment's and the template's hash, so the
 * Deployment is known even before its ReplicaSet has been seen.
 */
function holderOf({ ref, owner, labels: { templateHash } }: PodState): string {
  if (!owner) return objectKey(ref);
  const suffix = `-${templateHash ?? ''}`;
  const byHash = owner.kind === 'ReplicaSet' && templateHash !== undefined && owner.name.endsWith(suffix);
  return objectKey(byHash ? { ...owner, kind: 'Deployment', name: owner.name.slice(0, -suffix.length) } : owner);
}
