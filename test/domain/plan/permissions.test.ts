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

  it('asks for removing what is dropped and for putting it back, as the undo of the change does', () => {
    const previous = [typed('v1', 'Service', 'services', 'old'), CONFIG];
    expect(words({ objects: [CONFIG], previous }).filter((word) => !word.includes('configmaps'))).toEqual([
      'create services shop',
      'delete services shop',
      'get services shop',
      'patch services shop',
    ]);
  });

  it('asks for putting back what is kept, and not for deleting it', () => {
    const claim = typed('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims');
    const definition = typed('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', 'web', false);
    expect(words({ previous: [claim, definition] })).toEqual([
      'create persistentvolumeclaims shop',
      'get persistentvolumeclaims shop',
      'patch persistentvolumeclaims shop',
      'create customresourcedefinitions.apiextensions.k8s.io *',
      'get customresourcedefinitions.apiextensions.k8s.io *',
      'patch customresourcedefinitions.apiextensions.k8s.io *',
    ]);
  });

  it('asks for finding and removing the volume claims that a StatefulSet makes', () => {
    const claims = (makesClaims: boolean) =>
      words({ objects: [{ ...typed('apps/v1', 'StatefulSet', 'statefulsets'), makesClaims }] }).filter((word) =>
        word.includes('persistentvolumeclaims'),
      );
    expect(claims(false)).toEqual([]);
    expect(claims(true)).toEqual([
      'delete persistentvolumeclaims shop',
      'get persistentvolumeclaims shop',
      'list persistentvolumeclaims shop',
    ]);
  });

  it('asks for the Secret of secret parameters', () => {
    expect(words({ hasValues: true })).toEqual(['create secrets shop', 'delete secrets shop', 'get secrets shop']);
  });
});
