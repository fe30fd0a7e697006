import { describe, expect, it } from '@jest/globals';
import { impersonationHeaders } from '../../../src/adapters/kubernetes/impersonation.ts';

describe('impersonationHeaders', () => {
  it('has one value per group', () => {
    expect(impersonationHeaders({ user: 'alice', groups: ['a', 'b'] })).toEqual({
      'Impersonate-User': 'alice',
      'Impersonate-Group': ['a', 'b'],
    });
  });

  it('has no group header without groups', () => {
    expect(impersonationHeaders({ user: 'alice', groups: [] })).toEqual({ 'Impersonate-User': 'alice' });
  });

  // The server reads an empty name as no impersonation at all: the request would run with our own rights.
  it.each(['', ' ', '\t', 'alice ', ' alice', '\u00a0', 'a\r\nImpersonate-Group: system:masters', 'a\u0000'])(
    'refuses the name %j',
    async (user) => {
      await expect(() => impersonationHeaders({ user, groups: ['a'] })).toFailWith('forbidden');
      await expect(() => impersonationHeaders({ user: 'alice', groups: ['a', user] })).toFailWith('forbidden');
    },
  );
});
