import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalLock, type LockedTemplate, orderTemplates } from '../../src/domain/lock.ts';

function locked(name: string, dependencies: string[] = []): LockedTemplate {
  return { registry: 'main', name, version: '1.0.0', digest: 'sha256:00', size: 1, dependencies, requiredBy: [] };
}

const namesOf = (templates: readonly LockedTemplate[]) => templates.map(({ name }) => name);

describe('orderTemplates', () => {
  it('puts dependencies before dependents, ties by name', () => {
    const templates = [locked('shop', ['redis', 'web']), locked('web', ['common']), locked('redis'), locked('common')];
    expect(namesOf(orderTemplates(templates))).toEqual(['common', 'redis', 'web', 'shop']);
  });

  it('orders any graph without circles, whatever the order given', () => {
    const names = Array.from({ length: 12 }, (_, index) => `t${String(index).padStart(2, '0')}`);
    const graph = fc.tuple(
      ...names.map((name, index) => fc.subarray(names.slice(index + 1)).map((needs) => locked(name, needs))),
    );
    const shuffled = graph.chain((templates) =>
      fc.tuple(fc.constant(templates), fc.shuffledSubarray(templates, { minLength: templates.length })),
    );
    fc.assert(
      fc.property(shuffled, ([templates, other]) => {
        const ordered = orderTemplates(other);
        const place = new Map(namesOf(ordered).map((name, index) => [name, index]));
        expect(namesOf(ordered)).toEqual(namesOf(orderTemplates(templates)));
        expect(ordered).toHaveLength(templates.length);
        for (const { name, dependencies } of ordered) {
          for (const dependency of dependencies) expect(place.get(dependency)).toBeLessThan(place.get(name) ?? -1);
        }
      }),
    );
  });
});

describe('canonicalLock', () => {
  it('does not depend on the order of keys', () => {
    const template = locked('redis');
    const turned = Object.fromEntries(Object.entries(template).reverse()) as unknown as LockedTemplate;
    expect(canonicalLock({ templates: [turned], root: 'redis' })).toBe(canonicalLock({ root: 'redis', templates: [template] }));
  });

  it('differs where a digest differs', () => {
    const changed = { ...locked('redis'), digest: 'sha256:01' };
    expect(canonicalLock({ root: 'redis', templates: [changed] })).not.toBe(
      canonicalLock({ root: 'redis', templates: [locked('redis')] }),
    );
  });

  it('is plain JSON without white space', () => {
    expect(canonicalLock({ root: 'a', templates: [], skipped: [{ name: 'b', range: '^1', why: 'it is not there' }] })).toBe(
      '{"root":"a","skipped":[{"name":"b","range":"^1","why":"it is not there"}],"templates":[]}',
    );
  });
});
