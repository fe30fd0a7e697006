import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deploymentLabelValue } from '../../src/domain/deployment-label.ts';

describe('deploymentLabelValue', () => {
  it('is the name itself up to 63 characters', () => {
    expect(deploymentLabelValue('web')).toBe('web');
    expect(deploymentLabelValue('a'.repeat(63))).toBe('a'.repeat(63));
  });

  it('shortens a longer name with digits of its digest', () => {
    const value = deploymentLabelValue('a'.repeat(64));
    expect(value).toMatch(/^a{54}-[0-9a-f]{8}$/);
    expect(value).toHaveLength(63);
  });

  it('tells long names apart that begin alike', () => {
    expect(deploymentLabelValue(`${'a'.repeat(70)}1`)).not.toBe(deploymentLabelValue(`${'a'.repeat(70)}2`));
  });

  it('is a valid label value for every name', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9_.]{0,200}[a-z0-9])?$/);
    fc.assert(fc.property(name, (text) => /^[a-z0-9]([-a-z0-9_.]{0,61}[a-z0-9])?$/.test(deploymentLabelValue(text))));
  });
});
