import { describe, expect, it } from '@jest/globals';
import { summaryOf } from '../../../src/domain/plan/summary.ts';
import { planned } from './support/plans.ts';

describe('summaryOf', () => {
  it('counts the actions, but not what is kept', () => {
    const actions = ['create', 'create', 'update', 'unchanged', 'delete', 'keep'] as const;
    expect(summaryOf(actions.map((action) => planned({ action })))).toEqual({ create: 2, update: 1, unchanged: 1, delete: 1 });
  });
});
