import { describe, expect, it } from '@jest/globals';
import { isDigest } from '../../../src/domain/digest.ts';
import { planDigest } from '../../../src/domain/plan/digest.ts';
import { plan } from './support/plans.ts';

describe('planDigest', () => {
  it('names what the plan says, not when it was made', () => {
    const one = plan();
    expect(isDigest(one.digest)).toBe(true);
    expect(planDigest(one)).toBe(one.digest);
    expect(plan({ createdAt: '2027-01-01T00:00:00.000Z' }).digest).toBe(one.digest);
  });

  it('differs for another content', () => {
    expect(plan({ parameters: { replicas: 3 } }).digest).not.toBe(plan().digest);
  });
});
