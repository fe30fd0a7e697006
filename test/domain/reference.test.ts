import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatReference, isNamespace, isRegistryName, isTemplateName, parseReference } from '../../src/domain/reference.ts';

describe('parseReference', () => {
  it.each([
    ['redis', { name: 'redis' }],
    ['  redis ', { name: 'redis' }],
    ['redis@latest', { name: 'redis' }],
    ['redis@7.2.5', { name: 'redis', range: '7.2.5' }],
    ['redis@^7', { name: 'redis', range: '^7' }],
    ['redis@ >=1   <2', { name: 'redis', range: '>=1 <2' }],
    ['redis@1.x || 3.x', { name: 'redis', range: '1.x || 3.x' }],
    ['redis@1.0.0-rc.1', { name: 'redis', range: '1.0.0-rc.1' }],
    ['default/redis', { registry: 'default', name: 'redis' }],
    ['default/redis@^7.0.0', { registry: 'default', name: 'redis', range: '^7.0.0' }],
    ['slides.render_pdf@1', { name: 'slides.render_pdf', range: '1' }],
    ['source:team/partner/redis', { registry: 'source:team/partner', name: 'redis' }],
    ['source:team/My.Source_2/redis@^1', { registry: 'source:team/My.Source_2', name: 'redis', range: '^1' }],
    [`source:team/${'s'.repeat(253)}/redis`, { registry: `source:team/${'s'.repeat(253)}`, name: 'redis' }],
  ])('reads %j', (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
  });

  it.each([
    ['', /empty/],
    ['   ', /empty/],
    ['@1.0.0', /name is missing/],
    ['default/', /name is missing/],
    ['/redis', /"" is not a registry name/],
    ['a/b/c', /more than one "\/"/],
    ['Redis', /"Redis" is not a template name/],
    ['-redis', /not a template name/],
    ['a.b.c', /not a template name/],
    ['a-b.c', /not a template name/],
    ['My_Registry/redis', /not a registry name/],
    ['redis@', /nothing follows the "@"/],
    ['redis@seven', /"seven" is not a version or a semver range/],
    ['redis@1.2.3.4', /not a version or a semver range/],
    ['redis@01.2.3', /not a version or a semver range/],
    ['redis@Latest', /not a version or a semver range/],
    ['redis@1@2', /not a version or a semver range/],
    ['../etc/passwd', /more than one/],
    ['redis\u0000', /\\u0000/],
    [`${'a'.repeat(64)}`, /not a template name/],
    ['a'.repeat(2_000), /longer than/],
    [`redis@${'1 || '.repeat(80)}1`, /longer than|not a version/],
  ])('refuses %j, saying why and showing how', async (text, why) => {
    await expect(() => parseReference(text)).toFailWith('invalid_reference');
    expect(() => parseReference(text)).toThrow(why);
    expect(() => parseReference(text)).toThrow(/redis@\^7\.0\.0/);
  });

  it.each([
    ['source:', /three parts/],
    ['source:team/partner', /three parts/],
    ['source:team//redis', /three parts/],
    ['source:team/partner/', /three parts/],
    ['source:team/partner/redis/more', /three parts/],
    ['source:Team/partner/redis', /"Team" is not a namespace name/],
    ['source:/partner/redis', /"" is not a namespace name/],
    ['source:team/../redis', /the name of the source must not be "\."/],
    ['source:team/a b/redis', /the name of the source must be/],
    [`source:team/${'s'.repeat(254)}/redis`, /longer than/],
    ['source:team/partner/Redis', /"Redis" is not a template name/],
  ])('refuses %j of a namespace source, saying why and showing how', async (text, why) => {
    await expect(() => parseReference(text)).toFailWith('invalid_reference');
    expect(() => parseReference(text)).toThrow(why);
    expect(() => parseReference(text)).toThrow(/source:team\/partner\/redis/);
  });

  it('repeats only a short part of what it refuses', () => {
    expect(() => parseReference('!'.repeat(300))).toThrow(/^.{1,500}$/);
  });

  it('gives back what formatReference wrote', () => {
    const references = fc.record(
      {
        registry: fc.constantFrom('default', 'a', 'team-9'),
        name: fc.constantFrom('redis', 'web-app', 'slides.render', '0'),
        range: fc.constantFrom('^7', '>=1 <2', '1.2.3', '1.0.0-rc.1+b.2', '*', '1 - 2', '~1.2 || 4'),
      },
      { requiredKeys: ['name'], noNullPrototype: true },
    );
    fc.assert(fc.property(references, (reference) => expect(parseReference(formatReference(reference))).toEqual(reference)));
  });

  it('never fails otherwise than with invalid_reference', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 60 }), async (text) => {
        try {
          parseReference(text);
        } catch (error) {
          await expect(Promise.reject(error)).toFailWith('invalid_reference');
        }
      }),
    );
  });
});

describe('names', () => {
  it.each([
    ['a', true],
    ['web-app', true],
    ['9lives', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    ['', false],
    ['A', false],
    ['a_b', false],
    ['a-', false],
    ['a\n', false],
  ])('of registries and namespaces: %j is %s', (text, valid) => {
    expect(isRegistryName(text)).toBe(valid);
    expect(isNamespace(text)).toBe(valid);
    expect(isTemplateName(text)).toBe(valid);
  });

  it.each([
    ['slides.render', true],
    ['slides.render_2', true],
    ['_slides.render', false],
    ['slides.', false],
    ['.render', false],
    ['slides.9', false],
    [`${'a'.repeat(63)}.${'b'.repeat(63)}`, true],
    [`${'a'.repeat(64)}.${'b'.repeat(63)}`, false],
  ])('of packs: %j is %s', (text, valid) => {
    expect(isTemplateName(text)).toBe(valid);
    expect(isNamespace(text)).toBe(false);
  });
});
