import { describe, expect, it } from '@jest/globals';
import type { AccessQuestion } from '../../../src/domain/cluster.ts';
import { permissionsNeeded, type TypedRef } from '../../../src/domain/plan/permissions.ts';
import { ref } from './support/plans.ts';

function typed(apiVersion: string, kind: string, plural: string, name = 'web', namespaced = true): TypedRef {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const { namespace: _namespace, ...clusterWide } = ref(apiVersion, kind, name);
  return { ref: namespaced ? ref(apiVersion, kind, name) : clusterWide, type: { group, version, kind, plural, namespaced } };
}

const DEPLOYMENT = typed('apps/v1', 'Deployment', 'deployments');
const CONFIG = typed('v1', 'ConfigMap', 'configmaps');

function words(input: { objects?: TypedRef[]; previous?: TypedRef[]; hasValues?: boolean }): string[] {
  const full = { objects: [], previous: [], hasValues: false, namespace: 'shop', ...input };
  const word = ({ verb, group, resource, namespace }: AccessQuestion) =>
    `${verb} ${resource}${group && `.${group}`} ${namespace ?? '*'}`;
  return permissionsNeeded(full).map(word);
}

describe('permissionsNeeded', () => {
  it('asks for reading, applying and taking back what is applied', () => {
    expect(words({ objects: [CONFIG] })).toEqual([
      'create configmaps shop',
      'delete configmaps shop',
      'get configmaps shop',
      'patch configmaps shop',
    ]);
  });

  it('asks for following what gets ready, with its pods and events', () => {
    expect(words({ objects: [DEPLOYMENT] })).toEqual([
      'list events shop',
      'list pods shop',
      'watch pods shop',
      'create deployments.apps shop',
      'delete deployments.apps shop',
      'get deployments.apps shop',
      'list deployments.apps shop',
      'patch deployments.apps shop',
      'watch deployments.apps shop',
      'list replicasets.apps shop',
      'watch replicasets.apps shop',
    ]);
  });

  it('asks for no pods where none are waited for', () => {
    const cronJob = typed('batch/v1', 'CronJob', 'cronjobs');
    const claim = typed('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims');
    expect(words({ objects: [cronJob, claim] }).filter((word) => word.includes('pods'))).toEqual([]);
  });

  it('asks once for many objects of a kind', () => {
    expect(words({ objects: [CONFIG, typed('v1', 'ConfigMap', 'configmaps', 'other')] })).toHaveLength(4);
  });

  it('asks without a namespace for what has none', () => {
    expect(words({ objects: [typed('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', 'web', false)] })[0]).toBe(
      'create clusterroles.rbac.authorization.k8s.io *',
    );
  });

  it('asks for removing what is dropped, not what stays or is kept', () => {
    const dropped = typed('v1', 'Service', 'services', 'old');
    const kept = typed('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims');
    const previous = [dropped, kept, typed('batch/v1', 'Job', 'jobs')];
    expect(words({ objects: [typed('batch/v1', 'Job', 'jobs')], previous }).filter((word) => !word.includes('jobs'))).toEqual([
      'list events shop',
      'list pods shop',
      'watch pods shop',
      'delete services shop',
      'get services shop',
    ]);
  });

  it('asks for the Secret of secret parameters', () => {
    expect(words({ hasValues: true })).toEqual(['create secrets shop', 'delete secrets shop', 'get secrets shop']);
  });
});
