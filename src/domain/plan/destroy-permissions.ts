import type { AccessQuestion } from '../cluster.ts';
import type { InventoryItem } from '../deployment.ts';
import { compareText } from '../object-ref.ts';
import type { TypedRef } from './permissions.ts';

export interface DestroyPermissionInput {
  /** What is deleted. */
  deleted: TypedRef[];
  /** Of the revision that runs: what an undo makes again. */
  current: TypedRef[];
  /** of the deployment */
  namespace: string;
  /** Where StatefulSets make volume claims. */
  claims: string[];
  /** True when a revision has secret values. */
  hasValues: boolean;
}

/** It is looked at first: only what is still ours is deleted. */
const DELETE_VERBS = ['get', 'delete'];
/** Server-side apply of what is there takes one, of what is gone both. */
const RESTORE_VERBS = ['get', 'create', 'patch'];
/** `create` too: values that kept volumes need are left in a Secret of their own. */
const VALUES_VERBS = ['create', 'delete'];

const CLAIMS = { group: '', resource: 'persistentvolumeclaims' };
const SECRETS = { group: '', resource: 'secrets' };

/**
 * Every right that destroying takes, undo included, but the one to delete volume claims, which depends on the request: each once, by
 * group, resource, namespace and verb. Claims and values Secrets are found by their labels.
 */
export function destroyPermissions({ deleted, current, namespace, claims, hasValues }: DestroyPermissionInput): AccessQuestion[] {
  const questions = new Map<string, AccessQuestion>();
  const ask = (verbs: string[], { group, resource }: { group: string; resource: string }, where: string | undefined) => {
    for (const verb of verbs)
      questions.set([group, resource, where ?? '', verb].join('\u0000'), {
        ...{ verb, group, resource },
        ...(where !== undefined && { namespace: where }),
      });
  };
  const askAbout = (verbs: string[], { ref, type }: TypedRef) =>
    ask(verbs, { group: type.group, resource: type.plural }, type.namespaced ? (ref.namespace ?? namespace) : undefined);
  for (const typed of deleted) askAbout(DELETE_VERBS, typed);
  for (const typed of current) askAbout(RESTORE_VERBS, typed);
  for (const where of claims) ask(['list'], CLAIMS, where);
  ask(['get', 'list'], SECRETS, namespace);
  if (hasValues) ask(VALUES_VERBS, SECRETS, namespace);
  return [...questions.entries()].sort(([a], [b]) => compareText(a, b)).map(([, question]) => question);
}

/** What it takes to delete those that are volume claims. */
export function claimPermissions(items: Array<Pick<InventoryItem, 'ref'>>): AccessQuestion[] {
  const places = items.flatMap(({ ref }) => (ref.kind === 'PersistentVolumeClaim' ? (ref.namespace ?? []) : []));
  return [...new Set(places)].flatMap((namespace) => DELETE_VERBS.map((verb) => ({ verb, ...CLAIMS, namespace })));
}
