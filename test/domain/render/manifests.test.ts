// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
import { describe, expect, it } from '@jest/globals';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { tokenKeys } from '../../../src/domain/render/index.ts';
import { manifestsTemplate, objectOf, render } from './support.ts';

const properties = {
  text: { type: 'string' },
  port: { type: 'integer', default: 8080 },
  on: { type: 'boolean' },
  object: { type: 'object' },
  none: { type: 'string' },
  password: { type: 'string', 'x-chandlery': { generated: 'password', secret: true } },
  tls: { 'x-chandlery': { generated: 'certificate' } },
  token: { type: 'string', 'x-chandlery': { secret: true } },
};

type Files = Record<string, string>;

function rendered(files: Files | string, parameters: Record<string, unknown> = {}, spec: Record<string, unknown> = {}) {
  const all = typeof files === 'string' ? { 'manifests/a.yaml': files } : files;
  return render({ manifest: manifestsTemplate(properties, spec), files: new Map(Object.entries(all)), parameters });
}

function failureOf(files: Files | string, parameters = {}, spec = {}): [string, string] {
  try {
    rendered(files, parameters, spec);
  } catch (error) {
    if (error instanceof ChandleryError) return [error.code, error.message];
    throw error;
  }
  throw new Error('expected the rendering to fail');
}

const config = (name: string, more = '') => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "${name}"}\n${more}`;

describe('the files', () => {
  it('are read in the order of their paths, as far as they are manifests', () => {
    const { objects } = rendered({
      'manifests/b.yml': `${config('b')}---\n# nothing\n---\n${config('b2')}`,
      'manifests/sub/c.json': JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }),
      'manifests/a.yaml': config('a'),
      'manifests/notes.txt': 'not: [yaml',
      'elsewhere/d.yaml': config('d'),
      'manifests-too/e.yaml': config('e'),
    });
    expect(objects.map(({ ref }) => ref.name)).toEqual(['a', 'b', 'b2', 'c']);
  });

  it('can be one file', () => {
    const spec = { content: { path: 'all.yaml' } };
    expect(rendered({ 'all.yaml': config('a'), 'b.yaml': config('b') }, {}, spec).objects).toHaveLength(1);
  });

  it('may hold lists', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- apiVersion: v1\n  kind: ConfigMapList\n  items:\n  - {apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {x: "\${text}"}}\n`;
    const { objects } = rendered(list, { text: 'y' });
    expect(objects.map(({ ref }) => ref.name)).toEqual(['a', 'b']);
    expect(objects[1]?.object.data).toEqual({ x: 'y' });
  });

  it.each([
    ['no file', { 'other/a.yaml': '' }, 'manifests has no .yaml, .yml or .json file'],
    ['no object', 'just text', 'manifests/a.yaml:1:1: must be a Kubernetes object: a map'],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}', 'manifests/a.yaml:1:1: must be a Kubernetes object, but has no kind'],
    [
      'no name',
      `${config('a')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {}`,
      'manifests/a.yaml:7:11: /metadata/name: metadata.name must be text',
    ],
    ['a name that is a path', config('a/b'), 'manifests/a.yaml:3:18: /metadata/name: "a/b" cannot be the name of an object'],
    [
      'a kind that is a parameter',
      'apiVersion: v1\nkind: ${text}\nmetadata: {name: a}',
      'manifests/a.yaml:2:7: /kind: may not hold a parameter',
    ],
    [
      'a parameter that is not declared',
      config('a', 'data: {x: "${txt}"}'),
      'manifests/a.yaml:4:11: /data/x: there is no parameter "txt": did you mean "text"?',
    ],
    [
      'an object twice',
      { 'manifests/a.yaml': config('a'), 'manifests/b.yaml': `# b\n${config('a')}` },
      'manifests/b.yaml:2:1: ConfigMap shop/a is there twice, also in manifests/a.yaml:1',
    ],
    ['broken YAML', config('a', 'data: [x'), 'manifests/a.yaml:4'],
    [
      'an octal number',
      config('a', 'mode: 0400'),
      'manifests/a.yaml:4:7: /mode: 0400 has a leading zero: write 0o400 where it is octal, else 400',
    ],
    ['a status', config('a', 'status: {ready: true}'), "manifests/a.yaml:4:9: /status: status is not the template's to say"],
    [
      'an owner',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, ownerReferences: []}',
      '/metadata/ownerReferences: ownerReferences is not',
    ],
    [
      'a made-up name',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}',
      '/metadata/generateName: generateName is not',
    ],
  ])('fail with template_invalid for %s, naming the place', (_what, files, message) => {
    expect(failureOf(files)).toEqual(['template_invalid', expect.stringContaining(message)]);
  });

  it('fail when they make too many objects, or too large ones', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => config(`a${index}`)).join('---\n');
    expect(rendered(many(500)).objects).toHaveLength(500);
    expect(
      failureOf({ 'manifests/a.yaml': many(300), 'manifests/b.yaml': many(300).replaceAll('name: "a', 'name: "b') }),
    ).toEqual(['template_invalid', 'notes@1.4.0 renders to 600 objects, at most 500 are allowed']);
    expect(failureOf(many(501))[1]).toContain('holds more than 500 documents');
    const large = {
      'manifests/a.yaml': config('a', `data: {x: ${'x'.repeat(600_000)}}`),
      'manifests/b.yaml': config('b', `data: {x: ${'x'.repeat(600_000)}}`),
    };
    expect(failureOf(large)[1]).toContain('at most 1048576 are allowed');
  });
});

describe('parameters', () => {
  it('are put in with their type, as text where Kubernetes wants text', () => {
    const text = config(
      '${text}-x',
      'data: {a: "${port}", b: "${object}", c: "${none}", d: "$$x $port ${none:-y}"}\nspec: {port: "${port}", on: "${on:-true}", other: "${port:-1}", gone: "${none}", map: "${object}", list: [1, "${none}", 2]}',
    );
    expect(objectOf(rendered(text, { text: 'n', object: { z: [1] } }), 'ConfigMap')).toMatchObject({
      metadata: { name: 'n-x' },
      data: { a: '8080', b: '{"z":[1]}', d: '$x 8080 y' },
      spec: { port: 8080, on: true, other: 8080, map: { z: [1] }, list: [1, 2] },
    });
  });

  it('reach containers as they were given', () => {
    const pod =
      '{containers: [{name: a, image: a, args: ["${text}"], env: [{name: A, value: "${port}"}, {name: B, value: "${text} $(A)"}], livenessProbe: {exec: {command: ["${text}"]}}, lifecycle: {x: "${text}"}}]}';
    const object = objectOf(rendered(`apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: ${pod}`, { text: '$(A)$$' }), 'Pod');
    expect(object.spec).toMatchObject({
      containers: [
        {
          args: ['$$(A)$$$$'],
          env: [{ value: '8080' }, { value: '$$(A)$$$$ $(A)' }],
          livenessProbe: { exec: { command: ['$$(A)$$$$'] } },
          lifecycle: { x: '$(A)$$' },
        },
      ],
    });
  });

  it.each([
    [
      'a name',
      config('${text}'),
      { text: 'a/b' },
      'parameter text: "a/b" cannot be the name of an object (in manifests/a.yaml/metadata/name)',
    ],
    [
      'a namespace',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: "${text}"}',
      { text: 'a.b' },
      'parameter text: "a.b" is not the name of a namespace',
    ],
    [
      'a text that needs a value',
      config('a', 'data: {x: "a ${none}"}'),
      {},
      'parameter none: is needed for /data/x of the template',
    ],
  ])('that do not fit %s fail with parameter_invalid', (_what, text, parameters, message) => {
    expect(failureOf(text, parameters)).toEqual(['parameter_invalid', expect.stringContaining(message)]);
  });
});

describe('secrets', () => {
  const secret = (body: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n${body}`;

  it('become tokens in the values of a Secret', () => {
    const text = secret(
      'stringData: {password: "${password}", url: "redis://:${password}@redis", tls.crt: "${tls}", tls.key: "${tls}", gone: "${token}"}\ndata: {raw: "${password}"}',
    );
    const object = objectOf(rendered(text), 'Secret') as unknown as Parameters<typeof tokenKeys>[0] & { stringData: object };
    expect(tokenKeys(object)).toEqual(['password', 'tls.crt', 'tls.key']);
    expect(Object.keys(object.stringData)).toEqual(['password', 'url', 'tls.crt', 'tls.key']);
  });

  it.each([
    ['a ConfigMap', config('a', 'data: {x: "${password}"}'), 'ConfigMap shop/a would hold a secret in /data/x'],
    [
      'a label of a Secret',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {x: "${password}"}}',
      'Secret shop/a would hold a secret in /metadata/labels/x',
    ],
    ['base64', secret('data: {x: "eHg${password}"}'), 'Secret shop/a would hold a secret in /data/x'],
    ['a name', config('${password}'), 'would hold a secret in /metadata/name'],
  ])('fail with template_invalid in %s', (_what, text, message) => {
    expect(failureOf(text)).toEqual(['template_invalid', expect.stringContaining(message)]);
  });

  it('are found by their key for an output', () => {
    const outputs = [{ name: 'p', from: 'secret', key: 'pw' }];
    const text = `${secret('stringData: {pw: "${password}"}')}\n---\n${secret('data: {x: eHg=}').replace('name: a', 'name: b')}`;
    expect(rendered(text, {}, { outputs }).outputs).toEqual([{ name: 'p', from: 'secret', key: 'pw', secretName: 'a' }]);
    expect(failureOf(text.replace('{x: eHg=}', '{pw: eHg=}'), {}, { outputs })[1]).toContain(
      'several Secrets of the template have an entry "pw"',
    );
    expect(failureOf(config('a'), {}, { outputs })[1]).toContain('no Secret of the template has an entry "pw"');
  });
});

describe('outputs', () => {
  it('have their parameters put in, and are left out without one', () => {
    const outputs = [
      { name: 'a', from: 'value', value: 'port ${port}' },
      { name: 'b', from: 'value', value: '${none}' },
      { name: 'c', from: 'service', port: '${port}', scheme: 'http', path: '/${text}', description: 'Costs ${none}.' },
    ];
    expect(rendered(config('a'), { text: 'x' }, { outputs }).outputs).toEqual([
      { name: 'a', from: 'value', value: 'port 8080' },
      { name: 'c', from: 'service', port: 8080, scheme: 'http', path: '/x', description: 'Costs ${none}.' },
    ]);
  });
});
