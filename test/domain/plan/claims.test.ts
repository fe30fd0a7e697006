import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../src/domain/cluster.ts';
import { refOf } from '../../../src/domain/object-ref.ts';
import { claimingSets, isClaimOf, isUsedBy } from '../../../src/domain/plan/claims.ts';

function setOf(spec: Record<string, unknown>, metadata: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'store', namespace: 'shop', ...metadata },
    spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }, { metadata: { name: 'log' } }], ...spec },
  };
}

const SET = { ref: refOf(setOf({})), templates: ['data', 'log'] };

describe('claimingSets', () => {
  it('finds the StatefulSets with claim templates, and nothing else', () => {
    const without = setOf({ volumeClaimTemplates: [] }, { name: 'plain' });
    const another = { ...setOf({}), apiVersion: 'example.org/v1' };
    const objects = [setOf({}), without, another].map((object) => ({ ref: refOf(object), object }));
    expect(claimingSets(objects)).toEqual([SET]);
  });
});

describe('isClaimOf', () => {
  it.each(['data-store-0', 'log-store-12'])('is true for %s', (claim) => expect(isClaimOf(claim, SET)).toBe(true));

  it.each(['data-store', 'data-store-', 'data-store-x', 'data-store-two-0', 'other-store-0', 'data-shop-0'])(
    'is false for %s',
    (claim) => expect(isClaimOf(claim, SET)).toBe(false),
  );
});

describe('isUsedBy', () => {
  it.each<[string, Record<string, unknown>, boolean]>([
    ['data-store-0', {}, true],
    ['data-store-1', {}, false],
    ['log-store-1', { replicas: 2 }, true],
    ['data-store-0', { replicas: 0 }, false],
    ['data-store-0', { replicas: 2, ordinals: { start: 1 } }, false],
    ['data-store-2', { replicas: 2, ordinals: { start: 1 } }, true],
    ['data-store-0', { volumeClaimTemplates: [] }, false],
  ])('of %s and a set of %j is %s', (claim, spec, used) => expect(isUsedBy(claim, setOf(spec))).toBe(used));

  it('is false for a set that is going', () => {
    expect(isUsedBy('data-store-0', setOf({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }))).toBe(false);
  });
});
