import type { ClusterSession, KubeObject, ResourceType } from '../../src/domain/cluster.ts';
import type {
  Plan,
  PlannedDependency,
  PlannedObject,
  PlannedPermission,
  QuotaFit,
  RevisionKind,
  RevisionRecord,
  TemplatePin,
} from '../../src/domain/deployment.ts';
import type { DeploymentKey } from '../../src/domain/deployment-store.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { objectKey } from '../../src/domain/object-ref.ts';
import { capacityOf, quotaUseOf } from '../../src/domain/plan/capacity.ts';
import { claimTemplatesOf } from '../../src/domain/plan/claims.ts';
import { diffObjects } from '../../src/domain/plan/diff.ts';
import { planDigest } from '../../src/domain/plan/digest.ts';
import { notOwned, ownershipOf } from '../../src/domain/plan/ownership.ts';
import { permissionsNeeded } from '../../src/domain/plan/permissions.ts';
import { pruneList } from '../../src/domain/plan/prune.ts';
import { quotaFits } from '../../src/domain/plan/quota.ts';
import { summaryOf } from '../../src/domain/plan/summary.ts';
import type { Rendered } from '../../src/domain/rendered.ts';
import type { ActivityDeps } from '../deps.ts';
import { filed } from './placed.ts';
import { renderedOf } from './restore.ts';
import { forbidden } from './rights.ts';
import { deploymentIdOf, inParallel } from './session.ts';
import { comingWith, tryObject } from './try-object.ts';
import { plannedValues } from './values.ts';

export interface PlanCommon {
  deps: ActivityDeps;
  session: ClusterSession;
  force: boolean;
  signal: AbortSignal;
}

export interface PlanRequest {
  key: DeploymentKey;
  kind: RevisionKind;
  template: TemplatePin;
  parameters: Record<string, unknown>;
  /** Secret parameters that the request brings. */
  given: string[];
  /** Digest of the rendered objects. */
  rendered: string;
  dependencies: PlannedDependency[];
  base?: RevisionRecord;
  /** Secret with the values that stay. */
  values?: string;
  rollbackOf?: number;
}

interface Typed {
  object: KubeObject;
  wave: number;
  type: ResourceType;
}

/** What carrying the rendered objects out would do, as the cluster says it. Fails with forbidden, not_owned, api_unknown or what the cluster objects to. */
export async function makePlan(common: PlanCommon, request: PlanRequest): Promise<Plan> {
  const { key, base } = request;
  const rendered = await renderedOf(common.deps, request.rendered);
  const typed = await typeAll(common, rendered);
  const previous = base ? await renderedOf(common.deps, base.rendered) : undefined;
  const [asked, tried] = await Promise.allSettled([
    Promise.all([permissionsOf(common, key, typed, base, rendered), quotasOf(common, key)]),
    tryAll(common, request, typed, rendered),
  ]);
  // All rights that are missing at once say more than the first refusal of the cluster.
  if (asked.status === 'rejected') throw asked.reason;
  if (tried.status === 'rejected') throw tried.reason;
  const [permissions, quotas] = asked.value;
  const objects = [...tried.value, ...planPrune(request, typed, previous)];
  const bodies = rendered.objects.map(({ object }) => object);
  const fits = quotaFits(quotas.items, quotaUseOf(bodies), previous && quotaUseOf(previous.objects.map(({ object }) => object)));
  const body: Omit<Plan, 'digest' | 'createdAt'> = {
    kind: request.kind,
    ...key,
    template: request.template,
    parameters: request.parameters,
    secretParameters: [...request.given].sort(),
    generated: rendered.secrets
      .filter((secret) => secret.generated !== undefined && !request.given.includes(secret.name))
      .map(({ name }) => name),
    base: base?.number ?? 0,
    ...(request.rollbackOf !== undefined && { rollbackOf: request.rollbackOf }),
    rendered: request.rendered,
    objects,
    summary: summaryOf(objects),
    images: rendered.images,
    permissions,
    capacity: { requests: capacityOf(bodies), quotas: fits },
    dependencies: request.dependencies,
    warnings: [...rendered.warnings, ...quotas.warnings, ...tooMuch(fits)],
  };
  return { ...body, digest: planDigest(body), createdAt: new Date().toISOString() };
}

function tooMuch(fits: QuotaFit[]): string[] {
  return fits
    .filter((fit) => !fit.fits)
    .map(
      ({ quota, resource, adds, used, hard }) => `quota ${quota}: ${resource} needs ${adds} more; ${used} of ${hard} are used`,
    );
}

/** A kind that the plan itself defines is known by its definition: then the plan is the same whether or not the cluster knows it already. */
async function typeAll({ session, signal }: PlanCommon, rendered: Rendered): Promise<Typed[]> {
  const { kinds } = comingWith(rendered.objects.map(({ object }) => object));
  return inParallel(rendered.objects, async ({ object, wave }) => {
    const { apiVersion, kind, metadata } = object;
    const type = kinds.get(`${apiVersion}/${kind}`) ?? (await session.resourceType(apiVersion, kind, { signal }));
    if (type) return { object: filed(object, type.namespaced).object, wave, type };
    throw new ChandleryError('api_unknown', `the cluster does not know ${apiVersion} ${kind} (${metadata.name})`, {
      apiVersion,
      kind,
    });
  });
}

/** All the rights that are needed, so that people learn of all that are missing at once. */
async function permissionsOf(
  { session, signal }: PlanCommon,
  key: DeploymentKey,
  typed: Typed[],
  base: RevisionRecord | undefined,
  rendered: Rendered,
): Promise<PlannedPermission[]> {
  const known = typed.map(({ object, type }) => ({
    ref: filed(object, type.namespaced).ref,
    type,
    makesClaims: claimTemplatesOf(object).length > 0,
  }));
  const previous = await inParallel(base?.inventory ?? [], async ({ ref }) => {
    // A kind that is not served any more has no objects to delete.
    const type = await session.resourceType(ref.apiVersion, ref.kind, { signal });
    return type ? [{ ref, type }] : [];
  });
  const hasValues = base?.values !== undefined || rendered.secrets.some((secret) => secret.present);
  const questions = permissionsNeeded({ objects: known, previous: previous.flat(), namespace: key.namespace, hasValues });
  const answers = await session.mayI(questions, { signal });
  const permissions = questions.map((question, at): PlannedPermission => {
    const { verb, group, resource, namespace } = question;
    return { verb, group, resource, ...(namespace !== undefined && { namespace }), allowed: answers[at] ?? false };
  });
  const missing = permissions.filter((permission) => !permission.allowed);
  if (missing.length > 0)
    throw forbidden(
      session,
      missing.map(({ allowed: _no, ...right }) => right),
    );
  return permissions;
}

/** A quota that may not be read is not checked, and the plan says so. */
async function quotasOf(
  { session, signal }: PlanCommon,
  { namespace }: DeploymentKey,
): Promise<{ items: KubeObject[]; warnings: string[] }> {
  try {
    const { items } = await session.list({ apiVersion: 'v1', kind: 'ResourceQuota', namespace }, { signal, limit: 50 });
    return { items, warnings: [] };
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'forbidden')
      return { items: [], warnings: ['the quotas of the namespace may not be read, so they were not checked'] };
    throw error;
  }
}

async function tryAll(common: PlanCommon, request: PlanRequest, typed: Typed[], { secrets }: Rendered): Promise<PlannedObject[]> {
  const { key, base, given } = request;
  const kept = request.values === undefined ? { first: base === undefined } : { kept: request.values };
  const values = await plannedValues(
    common.session,
    key,
    { secrets, inputs: { name: '', parameters: given }, ...kept },
    common.signal,
  );
  return planObjects(common, key, typed, values, new Set((base?.inventory ?? []).map(({ ref }) => objectKey(ref))));
}

/** `expected`: what the revision that runs has. */
async function planObjects(
  common: PlanCommon,
  key: DeploymentKey,
  typed: Typed[],
  values: Record<string, string>,
  expected: ReadonlySet<string>,
): Promise<PlannedObject[]> {
  const coming = comingWith(typed.map(({ object }) => object));
  const foreign: Array<{ ref: PlannedObject['ref']; owner: string; why: string }> = [];
  const planned = await inParallel(typed, async ({ object, wave, type }): Promise<PlannedObject> => {
    const { ref } = filed(object, type.namespaced);
    const tried = await tryObject({ ...common, expected: expected.has(objectKey(ref)) }, object, values, coming);
    if (tried.live) {
      const ownership = ownershipOf(tried.live, deploymentIdOf(key));
      if (ownership !== 'ours') foreign.push({ ref, ...ownership });
    }
    if (!tried.dry) return { ref, wave, action: tried.live ? 'update' : 'create', checked: 'later', changes: [] };
    const { changes, truncated } = diffObjects(tried.live, tried.dry);
    const action = tried.live ? (changes.length > 0 ? 'update' : 'unchanged') : 'create';
    return { ref, wave, action, checked: 'cluster', changes, ...(truncated && { truncated }) };
  });
  if (foreign.length > 0) throw notOwned(foreign);
  return planned;
}

function planPrune({ base }: PlanRequest, typed: Typed[], previous: Rendered | undefined): PlannedObject[] {
  if (!base) return [];
  const next = typed.map(({ object, type }) => filed(object, type.namespaced).ref);
  const { delete: gone, keep } = pruneList(
    base.inventory,
    next,
    previous?.objects.map(({ ref, object }) => ({ ref, object })),
  );
  const entry =
    (action: 'delete' | 'keep') =>
    (item: (typeof gone)[number]): PlannedObject => ({
      ref: item.ref,
      wave: item.wave,
      action,
      checked: 'cluster',
      changes: [],
    });
  return [...gone.map(entry('delete')), ...keep.map(entry('keep'))].sort((a, b) =>
    objectKey(a.ref) < objectKey(b.ref) ? -1 : 1,
  );
}
