import {
  DEPLOYMENT_ID_ANNOTATION,
  FIELD_MANAGER,
  type KubeObject,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  type ObjectRef,
} from '../cluster.ts';
import { ChandleryError } from '../errors.ts';
import { listAt, textAt } from '../object-fields.ts';
import { compareRefs, refText } from '../object-ref.ts';

/** Whose an object is: this deployment's, or somebody else's, and how that is known. */
export type Ownership = 'ours' | { owner: string; why: string };

export interface ForeignObject {
  ref: ObjectRef;
  owner: string;
  why: string;
}

/** Objects named in one error. */
const MAX_NAMED = 10;
/** Managers named where nothing else says whose an object is. */
const MAX_MANAGERS = 3;

const HELM_RELEASE = 'meta.helm.sh/release-name';
const HELM_NAMESPACE = 'meta.helm.sh/release-namespace';

/** Ours is only what carries both our label and exactly this deployment's id; everything else is never changed and never deleted. */
export function ownershipOf(live: KubeObject, deploymentId: string): Ownership {
  const { labels = {}, annotations = {} } = live.metadata;
  const managedBy = labels[MANAGED_BY_LABEL];
  const id = annotations[DEPLOYMENT_ID_ANNOTATION];
  if (managedBy === MANAGED_BY) {
    if (id === deploymentId) return 'ours';
    if (id) return { owner: `deployment ${id}`, why: `its annotation ${DEPLOYMENT_ID_ANNOTATION} is ${id}` };
    return { owner: 'unknown', why: `it has Chandlery's label but no annotation ${DEPLOYMENT_ID_ANNOTATION}` };
  }
  return {
    owner: ownerOf(live, managedBy, annotations),
    why: `exists and was not made by Chandlery${evidence(live, managedBy)}`,
  };
}

function ownerOf(live: KubeObject, managedBy: string | undefined, annotations: Record<string, string>): string {
  const release = annotations[HELM_RELEASE];
  if (release) return `Helm release ${annotations[HELM_NAMESPACE] ? `${annotations[HELM_NAMESPACE]}/` : ''}${release}`;
  return managedBy ?? (managersOf(live)[0] || 'unknown');
}

function evidence(live: KubeObject, managedBy: string | undefined): string {
  if (managedBy) return ` (label ${MANAGED_BY_LABEL} is ${managedBy})`;
  const managers = managersOf(live);
  return managers.length > 0 ? ` (last changed by ${managers.join(', ')})` : '';
}

/** Who wrote fields of the object, the last writer first; controllers that write only its status are no owners. */
function managersOf(live: KubeObject): string[] {
  const entries = listAt(live.metadata, 'managedFields').filter((entry) => textAt(entry, 'subresource') === undefined);
  const newestFirst = [...entries].sort((a, b) => timeOf(b) - timeOf(a));
  const names = newestFirst.flatMap((entry) => textAt(entry, 'manager') ?? []).filter((name) => name !== FIELD_MANAGER);
  return [...new Set(names)].slice(0, MAX_MANAGERS);
}

function timeOf(entry: unknown): number {
  const time = Date.parse(textAt(entry, 'time') ?? '');
  return Number.isNaN(time) ? 0 : time;
}

/** The refusal to touch objects of others; names up to ten of them. */
export function notOwned(found: ForeignObject[]): ChandleryError {
  const sorted = [...found].sort((a, b) => compareRefs(a.ref, b.ref));
  const named = sorted.slice(0, MAX_NAMED);
  const texts = named.map(({ ref, owner, why }) => `${refText(ref)} (${owner === 'unknown' ? why : `${owner}: ${why}`})`);
  const more = sorted.length > named.length ? ` and ${sorted.length - named.length} more` : '';
  return new ChandleryError('not_owned', `not of this deployment: ${texts.join('; ')}${more}`, {
    objects: named.map(({ ref, owner, why }) => ({ ...ref, owner, why })),
  });
}
