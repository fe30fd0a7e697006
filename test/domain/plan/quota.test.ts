import { describe, expect, it } from '@jest/globals';
import { quotaFits } from '../../../src/domain/plan/quota.ts';
import { object } from './support/plans.ts';

const quota = (hard: Record<string, string>, used: Record<string, string> = {}, spec: Record<string, unknown> = {}) =>
  object('v1', 'ResourceQuota', 'small', { spec: { hard, ...spec }, status: { hard, used } });

describe('quotaFits', () => {
  it('tells whether what is added still fits', () => {
    const fits = quotaFits([quota({ 'requests.cpu': '2', pods: '4' }, { 'requests.cpu': '1500m', pods: '1' })], {
      'requests.cpu': '750m',
      pods: '3',
    });
    expect(fits).toEqual([
      { quota: 'small', resource: 'pods', hard: '4', used: '1', adds: '3', fits: true },
      { quota: 'small', resource: 'requests.cpu', hard: '2', used: '1500m', adds: '750m', fits: false },
    ]);
  });

  it('gives back what the replaced revision takes', () => {
    const [fits] = quotaFits([quota({ pods: '4' }, { pods: '4' })], { pods: '5' }, { pods: '4' });
    expect(fits).toMatchObject({ adds: '1', fits: false });
    expect(quotaFits([quota({ pods: '4' }, { pods: '9' })], { pods: '4' }, { pods: '4' })).toEqual([]);
    expect(quotaFits([quota({ pods: '4' }, { pods: '9' })], { pods: '1' }, { pods: '4' })).toEqual([]);
  });

  it('says nothing of what is not limited or not added', () => {
    expect(quotaFits([quota({ services: '1' })], { pods: '5' })).toEqual([]);
  });

  it('leaves quotas with scopes to the cluster', () => {
    const scopeSelector = { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] };
    expect(
      quotaFits([quota({ pods: '0' }, {}, { scopes: ['BestEffort'] }), quota({ pods: '0' }, {}, { scopeSelector })], {
        pods: '1',
      }),
    ).toEqual([]);
  });

  it('goes by the spec before the cluster has counted', () => {
    const fresh = object('v1', 'ResourceQuota', 'new', { spec: { hard: { pods: '1' } } });
    expect(quotaFits([fresh], { pods: '2' })).toEqual([
      { quota: 'new', resource: 'pods', hard: '1', used: '0', adds: '2', fits: false },
    ]);
  });
});
