import { describe, expect, it } from '@jest/globals';
import { summaryOf } from '../../../src/domain/plan/summary.ts';
import { planText } from '../../../src/domain/plan/text.ts';
import { plan, planned, ref } from './support/plans.ts';

describe('planText', () => {
  it('tells a first deploy', () => {
    const dependencies = [
      { template: 'redis', range: '^7', namespace: 'shop', name: 'redis', action: 'shared' as const, direct: true },
      { template: 'mail', range: '^1', namespace: 'shop', name: 'mail', action: 'deploy' as const, direct: true },
    ];
    expect(planText(plan({ dependencies }))).toEqual([
      'deploy shop/web from default/web@1.2.3',
      '  dependency shop/redis: use what is there (redis ^7)',
      '+ dependency shop/mail: deploy mail ^1',
      '+ create Deployment shop/web',
      '  images: shop/web:1',
      '  asks for 2 pods, cpu 500m, memory 1Gi',
      'Plan: 1 to create, 0 to update, 0 unchanged, 0 to delete',
    ]);
  });

  it('tells an upgrade field by field', () => {
    const changes = [
      { path: '/spec/replicas', before: 2, after: 3 },
      { path: '/metadata/labels/tier', after: 'front' },
      { path: '/spec/paused', before: true },
      { path: '/data/password', before: '(secret)', after: '(secret)', masked: true },
      { path: '/data/token', after: '(secret)', masked: true },
    ];
    const objects = [
      planned({ action: 'update', changes, truncated: true }),
      planned({ action: 'unchanged', ref: ref('v1', 'Service', 'web') }),
      planned({ action: 'delete', ref: ref('v1', 'ConfigMap', 'old') }),
      planned({ action: 'keep', ref: ref('v1', 'PersistentVolumeClaim', 'data') }),
      planned({ checked: 'later', ref: ref('example.com/v1', 'Widget', 'w') }),
    ];
    const capacity = { requests: { cpu: '0', memory: '0', pods: 0 }, quotas: [] };
    expect(planText(plan({ kind: 'upgrade', base: 2, objects, images: [], summary: summaryOf(objects), capacity }))).toEqual([
      'upgrade shop/web from revision 2 to default/web@1.2.3',
      '~ update Deployment shop/web',
      '    ~ /spec/replicas: 2 -> 3',
      '    + /metadata/labels/tier: "front"',
      '    - /spec/paused: true',
      '    ~ /data/password: (secret, changed)',
      '    + /data/token: (secret)',
      '      and more changes',
      '  unchanged Service shop/web',
      '- delete ConfigMap shop/old',
      '  keep PersistentVolumeClaim shop/data',
      '+ create Widget shop/w (not tried: its namespace or kind comes with this plan)',
      'Plan: 1 to create, 1 to update, 1 unchanged, 1 to delete',
    ]);
  });

  it('tells where a rollback goes', () => {
    expect(planText(plan({ kind: 'rollback', base: 3, rollbackOf: 1 }))[0]).toBe(
      'rollback shop/web from revision 3 to revision 1 (default/web@1.2.3)',
    );
  });

  it('points at what is in the way', () => {
    const lines = planText(
      plan({
        permissions: [{ verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'shop', allowed: false }],
        capacity: {
          requests: { cpu: '1', memory: '1Gi', pods: 1 },
          quotas: [
            { quota: 'small', resource: 'pods', hard: '3', used: '3', adds: '1', fits: false },
            { quota: 'small', resource: 'requests.cpu', hard: '9', used: '3', adds: '1', fits: true },
          ],
        },
        warnings: ['the image has no digest'],
      }),
    );
    expect(lines.filter((line) => line.startsWith('!'))).toEqual([
      '! not allowed: patch deployments.apps in namespace shop',
      '! quota small: pods needs 1 more, 3 of 3 are used',
      '! the image has no digest',
    ]);
    expect(lines).toContain('  asks for 1 pod, cpu 1, memory 1Gi');
  });

  it('keeps every value on its line, and short', () => {
    const changes = [{ path: '/data/file', before: 'one\ntwo', after: 'x'.repeat(256) }];
    const [, , line = ''] = planText(plan({ objects: [planned({ action: 'update', changes })] }));
    expect(line).toMatch(/^ {4}~ \/data\/file: "one\\ntwo" -> "x{159}…$/);
  });
});
