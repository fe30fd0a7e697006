import { describe, expect, it } from '@jest/globals';
import type { AccessQuestion } from '../../../src/domain/cluster.ts';
import { claimPermissions, destroyPermissions } from '../../../src/domain/plan/destroy-permissions.ts';
import type { TypedRef } from '../../../src/domain/plan/permissions.ts';
import { ref } from './support/plans.ts';

const type = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
const CONFIG: TypedRef = { ref: ref('v1', 'ConfigMap', 'web'), type };
const SPACE: TypedRef = {
  ref: { apiVersion: 'v1', kind: 'Namespace', name: 'made' },
  type: { ...type, kind: 'Namespace', plural: 'namespaces', namespaced: false },
};

const word = ({ verb, resource, namespace }: AccessQuestion) => `${verb} ${resource} ${namespace ?? '*'}`;
const words = (input: Partial<Parameters<typeof destroyPermissions>[0]>) =>
  destroyPermissions({ deleted: [], current: [], namespace: 'shop', claims: ['shop'], hasValues: false, ...input }).map(word);

describe('destroyPermissions', () => {
  it('asks for deleting what goes, and for making it again', () => {
    const found = words({ deleted: [CONFIG], current: [CONFIG] }).filter((text) => text.includes('configmaps'));
    expect(found).toEqual(['create', 'delete', 'get', 'patch'].map((verb) => `${verb} configmaps shop`));
  });

  it('does not ask for deleting what stays, but for putting it back', () => {
    const found = words({ current: [SPACE] }).filter((text) => text.includes('namespaces'));
    expect(found).toEqual(['create namespaces *', 'get namespaces *', 'patch namespaces *']);
  });

  it('asks for finding volume claims wherever sets make them, and secret values', () => {
    expect(words({ claims: ['shop', 'made'] })).toEqual([
      'list persistentvolumeclaims made',
      'list persistentvolumeclaims shop',
      'get secrets shop',
      'list secrets shop',
    ]);
  });

  it('asks for removing secret values where there are some', () => {
    expect(words({ hasValues: true })).toEqual(expect.arrayContaining(['create secrets shop', 'delete secrets shop']));
  });
});

describe('claimPermissions', () => {
  it('asks once a namespace for deleting claims, and for nothing else', () => {
    const claims = ['a', 'b'].map((name) => ({ ref: ref('v1', 'PersistentVolumeClaim', name) }));
    expect(claimPermissions([...claims, CONFIG]).map(word)).toEqual([
      'get persistentvolumeclaims shop',
      'delete persistentvolumeclaims shop',
    ]);
    expect(claimPermissions([CONFIG])).toEqual([]);
  });
});
