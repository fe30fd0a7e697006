import { describe, expect, it } from '@jest/globals';
import type { PlannedDependency } from '../../../src/domain/deployment.ts';
import { staleness } from '../../../src/domain/plan/staleness.ts';
import { plan, planned, ref } from './support/plans.ts';

const pin = (version: string) => ({ registry: 'default', name: 'redis', version, digest: `sha256:${'c'.repeat(64)}` });
const dependency = (part: Partial<PlannedDependency> = {}): PlannedDependency => ({
  template: 'redis',
  range: '^7',
  namespace: 'shop',
  name: 'redis',
  action: 'deploy',
  direct: true,
  pin: pin('7.2.0'),
  ...part,
});

describe('staleness', () => {
  it('finds nothing where the same would be done', () => {
    expect(staleness(plan(), plan({ createdAt: '2026-12-01T00:00:00.000Z' }))).toEqual([]);
  });

  it('does not count what moves on by itself', () => {
    const quotas = [{ quota: 'small', resource: 'pods', hard: '9', used: '4', adds: '2', fits: true }];
    const now = plan({ capacity: { requests: { cpu: '500m', memory: '1Gi', pods: 2 }, quotas }, warnings: ['a new one'] });
    expect(staleness(plan(), now)).toEqual([]);
  });

  it('tells another template, and another content of the same version', () => {
    const template = { ...plan().template, version: '1.3.0' };
    expect(staleness(plan(), plan({ template }))).toEqual([
      { what: 'template', was: 'default/web@1.2.3 (sha256:aaaaaaaaaaaa)', is: 'default/web@1.3.0 (sha256:aaaaaaaaaaaa)' },
    ]);
    expect(staleness(plan(), plan({ template: { ...plan().template, digest: `sha256:${'d'.repeat(64)}` } }))).toHaveLength(1);
  });

  it('tells that another revision runs by now', () => {
    expect(staleness(plan(), plan({ base: 1 }))).toEqual([{ what: 'revision it starts from', was: 'none', is: '1' }]);
    expect(staleness(plan({ rollbackOf: 1 }), plan({ rollbackOf: 2 }))).toEqual([
      { what: 'revision it goes back to', was: '1', is: '2' },
    ]);
  });

  it('tells parameters by name, and secret ones without a value', () => {
    expect(staleness(plan(), plan({ parameters: { replicas: 3, host: 'a.example' } }))).toEqual([
      { what: 'parameter host', was: 'not given', is: '"a.example"' },
      { what: 'parameter replicas', was: '2', is: '3' },
    ]);
    expect(staleness(plan(), plan({ secretParameters: ['token'] }))).toEqual([
      { what: 'secret parameters', was: 'none', is: 'token' },
    ]);
    expect(staleness(plan(), plan({ generated: [] }))).toEqual([{ what: 'generated parameters', was: 'password', is: 'none' }]);
  });

  it('takes members in another order for the same', () => {
    expect(staleness(plan({ parameters: { a: { x: 1, y: 2 } } }), plan({ parameters: { a: { y: 2, x: 1 } } }))).toEqual([]);
  });

  it('tells objects that came, went, or are treated otherwise', () => {
    const service = planned({ ref: ref('v1', 'Service', 'web') });
    expect(staleness(plan(), plan({ objects: [planned({ action: 'update' }), service] }))).toEqual([
      { what: 'Deployment shop/web', was: 'create', is: 'update' },
      { what: 'Service shop/web', was: 'not in the plan', is: 'create' },
    ]);
    expect(staleness(plan(), plan({ objects: [] }))).toEqual([
      { what: 'Deployment shop/web', was: 'create', is: 'not in the plan' },
    ]);
  });

  it('tells changes that differ, a few of them', () => {
    const withChanges = (...values: number[]) =>
      plan({
        objects: [
          planned({ action: 'update', changes: values.map((after, at) => ({ path: `/spec/f${at}`, before: 0, after })) }),
        ],
      });
    expect(staleness(withChanges(1, 2), withChanges(1, 3))).toEqual([
      { what: 'Deployment shop/web', was: '~ /spec/f1: 0 -> 2', is: '~ /spec/f1: 0 -> 3' },
    ]);
    expect(staleness(withChanges(1), withChanges(1, 2, 2, 2, 2))[0]).toEqual({
      what: 'Deployment shop/web',
      was: 'no such change',
      is: '~ /spec/f1: 0 -> 2; ~ /spec/f2: 0 -> 2; ~ /spec/f3: 0 -> 2 and 1 more',
    });
  });

  it('tells dependencies that are there by now, pinned otherwise, or planned otherwise', () => {
    const shared = { ...dependency({ action: 'shared' }), pin: undefined };
    const { pin: _pin, ...there } = shared;
    expect(staleness(plan({ dependencies: [dependency()] }), plan({ dependencies: [there] }))).toEqual([
      { what: 'dependency redis', was: 'deploy default/redis@7.2.0', is: 'use what is there (redis ^7)' },
    ]);
    expect(staleness(plan({ dependencies: [dependency()] }), plan())[0]?.is).toBe('not in the plan');
    const inner = (hex: string) => plan({ dependencies: [dependency({ plan: `sha256:${hex.repeat(64)}` })] });
    expect(staleness(inner('1'), inner('2'))).toEqual([
      { what: 'plan of the dependency redis', was: 'sha256:111111111111', is: 'sha256:222222222222' },
    ]);
  });

  it('tells that the objects differ where nothing else says so', () => {
    expect(staleness(plan(), plan({ rendered: `sha256:${'e'.repeat(64)}` }))).toEqual([
      { what: 'rendered objects', was: 'sha256:bbbbbbbbbbbb', is: 'sha256:eeeeeeeeeeee' },
    ]);
  });
});
