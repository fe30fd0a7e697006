import { describe, expect, it } from '@jest/globals';
import { collectionPath, groupVersionPath, namespacedPath, objectPath, query } from '../../../src/adapters/kubernetes/paths.ts';

const deployments = { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true };
const roles = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
};
const pods = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

describe('paths', () => {
  it('tell the core group from the others', () => {
    expect(groupVersionPath('v1')).toBe('/api/v1');
    expect(groupVersionPath('apps/v1')).toBe('/apis/apps/v1');
    expect(objectPath(pods, 'shop', 'web')).toBe('/api/v1/namespaces/shop/pods/web');
    expect(objectPath(deployments, 'shop', 'web')).toBe('/apis/apps/v1/namespaces/shop/deployments/web');
  });

  it('leave the namespace out for kinds that have none, and for all namespaces', () => {
    expect(objectPath(roles, 'shop', 'system:x')).toBe('/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Ax');
    expect(collectionPath(deployments, undefined)).toBe('/apis/apps/v1/deployments');
  });

  it('refuse a namespaced object without a namespace', async () => {
    await expect(() => namespacedPath(pods, undefined)).toFailWith('object_invalid');
    await expect(() => objectPath(pods, undefined, 'web')).toFailWith('object_invalid');
  });

  // An empty name would be the whole collection, which a delete would empty; dots and slashes would be another path.
  it.each(['', '.', '..', 'a/b', '../secrets/x', '%2e%2e'])('refuse the name %j', async (name) => {
    await expect(() => objectPath(pods, 'shop', name)).toFailWith('object_invalid');
    await expect(() => objectPath(pods, name, 'web')).toFailWith('object_invalid');
  });

  it('refuse an apiVersion that is another path', async () => {
    for (const apiVersion of ['', '../v1', 'a/b/c', 'apps/']) {
      await expect(() => groupVersionPath(apiVersion)).toFailWith('object_invalid');
    }
  });

  it('encode what goes into the query and leave out what is undefined', () => {
    expect(query({ labelSelector: 'a=b,c in (d)', limit: 5, continue: undefined })).toBe(
      '?labelSelector=a%3Db%2Cc%20in%20(d)&limit=5',
    );
    expect(query({ a: undefined })).toBe('');
  });
});
