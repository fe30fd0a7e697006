import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { labelValue, objectName } from '../../../src/domain/render/names.ts';

describe('objectName', () => {
  it('leaves a name that fits', () => {
    expect(objectName(['web', 'data'])).toBe('web-data');
    expect(objectName(['n'.repeat(63)])).toBe('n'.repeat(63));
  });

  it('changes what does not fit, and keeps it apart by a hash', () => {
    expect(objectName(['web', 'a.example.org', 'tls'])).toMatch(/^web-a-example-org-tls-[0-9a-f]{8}$/);
    expect(objectName(['web.a'])).not.toBe(objectName(['web-a']));
    expect(objectName(['n'.repeat(60), 'data'])).not.toBe(objectName(['n'.repeat(60), 'tmp']));
  });

  it('is always a DNS label within its limit', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 3 }), fc.constantFrom(52, 63), (parts, limit) => {
        const name = objectName(parts, limit);
        expect(name.length).toBeLessThanOrEqual(limit);
        // Of no text at all no name can be made; a deployment always has one.
        if (parts.join('-') !== '') expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
      }),
    );
  });
});

describe('labelValue', () => {
  it("is always a label's value", () => {
    expect(labelValue('1.4.0')).toBe('1.4.0');
    expect(labelValue('1.4.0+build')).toMatch(/^1\.4\.0_build-[0-9a-f]{8}$/);
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (text) => {
        const value = labelValue(text);
        expect(value).toMatch(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/);
        expect(value.length).toBeLessThanOrEqual(63);
      }),
    );
  });
});
