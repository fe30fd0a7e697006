import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../src/domain/cluster.ts';
import { diffObjects } from '../../../src/domain/plan/diff.ts';
import { object } from './support/plans.ts';

const deployment = (spec: Record<string, unknown>, rest: Record<string, unknown> = {}) =>
  object('apps/v1', 'Deployment', 'web', { spec, ...rest });
const pod = (podSpec: Record<string, unknown>) => deployment({ template: { spec: podSpec } });
const POD = '/spec/template/spec';

function changes(before: KubeObject, after: KubeObject) {
  return diffObjects(before, after).changes;
}

describe('diffObjects', () => {
  it('has no changes for an object that is not there yet', () => {
    expect(diffObjects(undefined, deployment({ replicas: 2 }))).toEqual({ changes: [], truncated: false });
  });

  it('tells what is changed, added and removed, by path', () => {
    expect(changes(deployment({ replicas: 2, paused: true }), deployment({ replicas: 3, minReadySeconds: 5 }))).toEqual([
      { path: '/spec/minReadySeconds', after: 5 },
      { path: '/spec/paused', before: true },
      { path: '/spec/replicas', before: 2, after: 3 },
    ]);
  });

  it('escapes what a pointer needs escaped', () => {
    const label = (value: string) => deployment({}, { metadata: { labels: { 'a/b~c': value } } });
    expect(changes(label('1'), label('2'))[0]?.path).toBe('/metadata/labels/a~1b~0c');
  });

  it('leaves out what the cluster keeps for itself', () => {
    const own = (number: number) => ({
      metadata: {
        uid: `u${number}`,
        resourceVersion: `${number}`,
        generation: number,
        creationTimestamp: `t${number}`,
        managedFields: [{ manager: `m${number}` }],
        annotations: {
          'deployment.kubernetes.io/revision': `${number}`,
          'kubectl.kubernetes.io/last-applied-configuration': `${number}`,
        },
      },
      status: { replicas: number },
    });
    expect(changes(deployment({ replicas: 1 }, own(1)), deployment({ replicas: 1 }, own(2)))).toEqual([]);
    expect(changes(deployment({}), deployment({}, own(2)))).toEqual([]);
  });

  it('takes null and absent for the same', () => {
    expect(changes(pod({ metadata: { creationTimestamp: null } }), pod({ metadata: {} }))).toEqual([]);
  });

  it('tells an empty object that appears', () => {
    expect(changes(pod({}), pod({ securityContext: {} }))).toEqual([{ path: `${POD}/securityContext`, after: {} }]);
  });
});

describe('lists', () => {
  const container = (name: string, image: string, rest: Record<string, unknown> = {}) => ({ name, image, ...rest });

  it('are compared by the names of their items', () => {
    const before = pod({ containers: [container('web', 'web:1')] });
    const after = pod({ containers: [container('proxy', 'proxy:1'), container('web', 'web:2')] });
    expect(changes(before, after)).toEqual([
      { path: `${POD}/containers/0`, after: { name: 'proxy', image: 'proxy:1' } },
      { path: `${POD}/containers/1/image`, before: 'web:1', after: 'web:2' },
    ]);
  });

  it('tell a removed item with its path in the object as it is', () => {
    const env = (...names: string[]) =>
      pod({ containers: [container('web', 'web:1', { env: names.map((name) => ({ name, value: '1' })) })] });
    expect(changes(env('A', 'B', 'C'), env('A', 'C'))).toEqual([
      { path: `${POD}/containers/0/env/1`, before: { name: 'B', value: '1' } },
    ]);
  });

  it('tell ports of one number apart by their protocol', () => {
    const service = (...ports: unknown[]) => object('v1', 'Service', 'dns', { spec: { ports } });
    const udp = { port: 53, protocol: 'UDP', targetPort: 53 };
    expect(
      changes(service({ port: 53, targetPort: 53 }, udp), service({ port: 53, targetPort: 53 }, { ...udp, targetPort: 5353 })),
    ).toEqual([{ path: '/spec/ports/1/targetPort', before: 53, after: 5353 }]);
  });

  it('tell mounts apart by their path', () => {
    const mounts = (...paths: string[]) =>
      pod({ containers: [container('web', 'w', { volumeMounts: paths.map((mountPath) => ({ name: 'data', mountPath })) })] });
    expect(changes(mounts('/b'), mounts('/a', '/b'))).toEqual([
      { path: `${POD}/containers/0/volumeMounts/0`, after: { name: 'data', mountPath: '/a' } },
    ]);
  });

  it('of plain values are told as a whole', () => {
    const args = (...values: string[]) => pod({ containers: [container('web', 'w', { args: values })] });
    expect(changes(args('--a', '--b'), args('--a', '--c'))).toEqual([
      { path: `${POD}/containers/0/args`, before: ['--a', '--b'], after: ['--a', '--c'] },
    ]);
  });

  it('that are long are told item by item', () => {
    const args = (last: string) =>
      pod({ containers: [container('web', 'w', { args: [...Array<string>(40).fill('--long-argument'), last] })] });
    expect(changes(args('x'), args('y'))).toEqual([{ path: `${POD}/containers/0/args/40`, before: 'x', after: 'y' }]);
  });

  it('whose items have no key of their own are compared by position', () => {
    const rules = (...verbs: string[]) =>
      object('rbac.authorization.k8s.io/v1', 'Role', 'r', { rules: verbs.map((verb) => ({ verbs: [verb] })) });
    expect(changes(rules('get'), rules('get', 'list'))).toEqual([
      { path: '/rules', before: [{ verbs: ['get'] }], after: [{ verbs: ['get'] }, { verbs: ['list'] }] },
    ]);
  });

  it('with the same items in another order tell the order', () => {
    const order = (...names: string[]) => pod({ initContainers: names.map((name) => container(name, 'i')) });
    expect(changes(order('a', 'b'), order('b', 'a'))).toEqual([
      { path: `${POD}/initContainers`, before: ['a', 'b'], after: ['b', 'a'] },
    ]);
  });

  it('that appear with much in them are told item by item', () => {
    const many = Array.from({ length: 20 }, (_, at) => ({ name: `variable-${at}`, value: 'x' }));
    const found = changes(
      pod({ containers: [container('web', 'w')] }),
      pod({ containers: [container('web', 'w', { env: many })] }),
    );
    expect(found).toHaveLength(20);
    expect(found[3]).toEqual({ path: `${POD}/containers/0/env/3`, after: { name: 'variable-3', value: 'x' } });
  });
});

describe('a Secret', () => {
  const secret = (data: Record<string, string>, rest: Record<string, unknown> = {}) =>
    object('v1', 'Secret', 'keys', { data, ...rest });
  const masked = { masked: true };

  it('never shows a value, only what becomes of each key', () => {
    const found = changes(
      secret({ kept: 'a2VlcA==', gone: 'Z29uZQ==', other: 'b2xk' }),
      secret({ kept: 'a2VlcA==', other: 'bmV3', more: 'bW9yZQ==' }),
    );
    expect(found).toEqual([
      { path: '/data/gone', before: '(secret)', ...masked },
      { path: '/data/more', after: '(secret)', ...masked },
      { path: '/data/other', before: '(secret)', after: '(secret)', ...masked },
    ]);
  });

  it('never shows one that gets its first values', () => {
    const found = changes(object('v1', 'Secret', 'keys'), secret({ password: 'aHVudGVyMg==' }));
    expect(found).toEqual([{ path: '/data/password', after: '(secret)', ...masked }]);
  });

  it("never shows one by another tool's copy of it", () => {
    const applied = {
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"password":"aHVudGVyMg=="}}' } },
    };
    expect(JSON.stringify(changes(secret({}, applied), secret({ password: 'bmV3' })))).not.toContain('aHVudGVyMg');
  });

  it('takes stringData for the data it becomes', () => {
    const text = object('v1', 'Secret', 'keys', { stringData: { password: 'hünter' } });
    expect(changes(secret({ password: Buffer.from('hünter').toString('base64') }), text)).toEqual([]);
    expect(changes(secret({ password: 'b2xk' }), text)).toEqual([
      { path: '/data/password', before: '(secret)', after: '(secret)', ...masked },
    ]);
  });

  it('shows the rest of it', () => {
    const found = changes(
      secret({ a: 'YQ==' }, { metadata: { labels: { tier: 'one' } } }),
      secret({ a: 'YQ==' }, { metadata: { labels: { tier: 'two' } } }),
    );
    expect(found).toEqual([{ path: '/metadata/labels/tier', before: 'one', after: 'two' }]);
  });

  it('is told from a ConfigMap, whose values are shown', () => {
    const map = (level: string) => object('v1', 'ConfigMap', 'settings', { data: { level } });
    expect(changes(map('info'), map('debug'))).toEqual([{ path: '/data/level', before: 'info', after: 'debug' }]);
  });
});

describe('bounds', () => {
  const map = (data: Record<string, string>) => object('v1', 'ConfigMap', 'settings', { data });

  it('cuts a long value and says how long it was', () => {
    const [change] = changes(map({ file: 'short' }), map({ file: 'x'.repeat(5_000) }));
    expect(change?.after).toBe(`${'x'.repeat(256)}… (5000 characters)`);
  });

  it('never cuts a character in two', () => {
    const [change] = changes(map({ file: 'short' }), map({ file: `${'x'.repeat(255)}😀${'y'.repeat(99)}` }));
    expect(String(change?.after)).toMatch(/^x{255}… \(/);
  });

  it('stops at 200 changes and says that there are more', () => {
    const keys = (count: number, value: string) =>
      map(Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, value])));
    expect(diffObjects(keys(200, 'a'), keys(200, 'b'))).toMatchObject({ truncated: false });
    const many = diffObjects(keys(5_000, 'a'), keys(5_000, 'b'));
    expect(many.truncated).toBe(true);
    expect(many.changes).toHaveLength(200);
  });

  it('answers the same for members in any order', () => {
    const one = deployment({ a: 1, b: { c: 1, d: 2 } });
    const two = deployment({ b: { d: 2, c: 1 }, a: 1 });
    expect(changes(one, two)).toEqual([]);
  });
});
