import { describe, expect, it } from '@jest/globals';
import { compareRefs, groupOf, objectKey, refOf, refText } from '../../src/domain/object-ref.ts';

const web = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };

describe('references', () => {
  it('leave out a namespace that is not there', () => {
    expect(refOf({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', uid: 'u' } })).toEqual({
      apiVersion: 'v1',
      kind: 'Namespace',
      name: 'shop',
    });
  });

  it('have a group, empty for the core', () => {
    expect([groupOf('v1'), groupOf('apps/v1'), groupOf('example.com/v1beta1')]).toEqual(['', 'apps', 'example.com']);
  });

  it('name the same object in every version of its group', () => {
    expect(objectKey({ ...web, apiVersion: 'apps/v1beta1' })).toBe(objectKey(web));
    expect(objectKey({ ...web, apiVersion: 'extensions/v1beta1' })).not.toBe(objectKey(web));
    expect(objectKey({ ...web, namespace: 'other' })).not.toBe(objectKey(web));
  });

  it('are spoken of with kind, namespace and name', () => {
    expect(refText(web)).toBe('Deployment shop/web');
    expect(refText({ apiVersion: 'v1', kind: 'Namespace', name: 'shop' })).toBe('Namespace shop');
  });

  it('are ordered by kind, namespace and name', () => {
    const service = { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'api' };
    expect([service, { ...web, name: 'z' }, web].sort(compareRefs)).toEqual([web, { ...web, name: 'z' }, service]);
    expect(compareRefs(web, { ...web })).toBe(0);
  });
});
