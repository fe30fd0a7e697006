import { describe, expect, it } from '@jest/globals';
import type { InventoryItem } from '../../../src/domain/deployment.ts';
import { isKept, pruneList } from '../../../src/domain/plan/prune.ts';
import { object, ref, WEB } from './support/plans.ts';

const item = (of: InventoryItem['ref'], wave: number): InventoryItem => ({
  ref: of,
  wave,
  existed: false,
  uid: `uid-${of.name}`,
});
const SERVICE = ref('v1', 'Service', 'web');
const CONFIG = ref('v1', 'ConfigMap', 'settings');
const CLAIM = ref('v1', 'PersistentVolumeClaim', 'data');

describe('pruneList', () => {
  it('deletes what the new revision no longer has, last wave first', () => {
    const previous = [item(CONFIG, 3), item(SERVICE, 6), item(WEB, 5)];
    expect(pruneList(previous, []).delete.map(({ ref: { kind } }) => kind)).toEqual(['Service', 'Deployment', 'ConfigMap']);
    expect(pruneList(previous, [WEB, CONFIG]).delete).toEqual([item(SERVICE, 6)]);
  });

  it('does not delete an object that is only written in another version', () => {
    const budget = ref('policy/v1beta1', 'PodDisruptionBudget', 'web');
    expect(pruneList([item(budget, 5)], [{ ...budget, apiVersion: 'policy/v1' }])).toEqual({ delete: [], keep: [] });
  });

  it('keeps volumes, namespaces and definitions', () => {
    const kept = [
      item(CLAIM, 4),
      item({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: 'w.example.com' }, 1),
      item({ apiVersion: 'v1', kind: 'Namespace', name: 'shop' }, 0),
    ];
    expect(pruneList(kept, [])).toEqual({ delete: [], keep: kept });
  });

  it('keeps what asks for it', () => {
    const asking = (name: string, annotations: Record<string, string>) => {
      const of = ref('v1', 'ConfigMap', name);
      return { ref: of, object: object('v1', 'ConfigMap', name, { metadata: { annotations } }) };
    };
    const objects = [
      asking('ours', { 'chandlery.dev/keep': 'true' }),
      asking('helm', { 'helm.sh/resource-policy': 'keep' }),
      asking('no', { 'chandlery.dev/keep': 'false' }),
    ];
    const { delete: gone, keep } = pruneList(
      objects.map(({ ref: of }) => item(of, 3)),
      [],
      objects,
    );
    expect(keep.map(({ ref: { name } }) => name)).toEqual(['helm', 'ours']);
    expect(gone.map(({ ref: { name } }) => name)).toEqual(['no']);
  });

  it('leaves its input as it was', () => {
    const previous = [item(CONFIG, 3), item(SERVICE, 6)];
    pruneList(previous, []);
    expect(previous.map(({ wave }) => wave)).toEqual([3, 6]);
  });
});

describe('isKept', () => {
  it('goes by kind or annotation', () => {
    expect([isKept(CLAIM), isKept(CONFIG), isKept(CONFIG, { 'chandlery.dev/keep': 'true' })]).toEqual([true, false, true]);
  });
});
