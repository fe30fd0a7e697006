import type { KubeObject, ObjectRef } from '../../../../src/domain/cluster.ts';
import type { Plan, PlannedObject } from '../../../../src/domain/deployment.ts';
import { planDigest } from '../../../../src/domain/plan/digest.ts';

/** Objects and plans in the shape the pipeline has them. */

export function object(apiVersion: string, kind: string, name: string, rest: Record<string, unknown> = {}): KubeObject {
  const { metadata, ...others } = rest;
  return { apiVersion, kind, metadata: { name, namespace: 'shop', ...(metadata as object | undefined) }, ...others };
}

export function ref(apiVersion: string, kind: string, name: string): ObjectRef {
  return { apiVersion, kind, namespace: 'shop', name };
}

export const WEB = ref('apps/v1', 'Deployment', 'web');

export function planned(part: Partial<PlannedObject> = {}): PlannedObject {
  return { ref: WEB, wave: 5, action: 'create', checked: 'cluster', changes: [], ...part };
}

export function plan(part: Partial<Plan> = {}): Plan {
  const body: Omit<Plan, 'digest'> = {
    kind: 'deploy',
    cluster: 'local',
    namespace: 'shop',
    name: 'web',
    template: { registry: 'default', name: 'web', version: '1.2.3', digest: `sha256:${'a'.repeat(64)}` },
    parameters: { replicas: 2 },
    secretParameters: [],
    generated: ['password'],
    base: 0,
    rendered: `sha256:${'b'.repeat(64)}`,
    objects: [planned()],
    summary: { create: 1, update: 0, unchanged: 0, delete: 0 },
    images: ['shop/web:1'],
    permissions: [{ verb: 'create', group: 'apps', resource: 'deployments', namespace: 'shop', allowed: true }],
    capacity: { requests: { cpu: '500m', memory: '1Gi', pods: 2 }, quotas: [] },
    dependencies: [],
    warnings: [],
    createdAt: '2026-11-21T12:00:00.000Z',
    ...part,
  };
  return { ...body, digest: planDigest(body) };
}
