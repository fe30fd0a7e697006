// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseAllDocuments, stringify } from 'yaml';
import type { Rendered } from '../../../src/domain/rendered.ts';
import { image, manifestsTemplate, objectOf, render, workloadTemplate } from './support.ts';

const NASTY = [
  '---\nkind: Secret',
  'a: b\n  - c',
  '"}, {"kind": "ClusterRole"',
  "' || true #",
  '{{ .Values.x }}',
  '${password}',
  '$password $$ $(PATH) $$(PATH)',
  '*anchor &x !!binary',
  '| \n  x',
  'true',
  '0x10',
  'null',
  '~',
  '\u2028\u0085\t\r\n',
  '__proto__',
];

const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary' }).filter((value) => !/[\0\u{10F9C0}\u{10F9C1}]/u.test(value)),
);

/** The value with its texts made equal: what is left is structure. */
function shape(value: unknown): unknown {
  if (typeof value === 'string') return 'text';
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, shape(child)]));
}

const shapeOf = (rendered: Rendered) => rendered.objects.map(({ ref, wave, object }) => ({ ref, wave, shape: shape(object) }));

/** As the kubelet does it (third_party/forked/golang/expansion), with every variable set. */
function expanded(input: string): string {
  return input.replace(/\$(\$|\(([^)]*)\))/g, (_all, what: string, name: string) => (what === '$' ? '$' : `<${name}>`));
}

const properties = { value: { type: 'string' }, password: { type: 'string', 'x-chandlery': { generated: 'password' } } };

describe('a workload', () => {
  const manifest = workloadTemplate({
    properties,
    workload: {
      image,
      owner: '${value:-nobody}',
      command: ['sh', '-c', '${value}'],
      args: ['--x=${value}', '${value}'],
      env: [
        { name: 'A', value: '${value}' },
        { name: 'B', parameter: 'value' },
        { name: 'C', value: '<${value}>' },
        { name: 'PASSWORD', parameter: 'password' },
      ],
      volumes: [{ name: 'page', path: '/page', files: { a: '${value}', b: 'x: ${value}\ny: z' } }],
      placement: { nodeSelector: { a: '${value}' } },
    },
    spec: { outputs: [{ name: 'v', from: 'value', value: 'is ${value}' }] },
  });
  const renderWith = (value: string) => render({ manifest, parameters: { value } });
  const plain = shapeOf(renderWith('plain'));

  it('has the same structure whatever the value is', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(shapeOf(renderWith(value))).toEqual(plain);
      }),
    );
  });

  it('gets the value as it was given', () => {
    fc.assert(
      fc.property(text, (value) => {
        const rendered = renderWith(value);
        const { spec } = objectOf(rendered, 'Deployment') as unknown as {
          spec: { template: { spec: { containers: [{ args: string[]; env: Array<{ value?: string }> }] } } };
        };
        const [container] = spec.template.spec.containers;
        expect(container.args.map(expanded)).toEqual([`--x=${value}`, value]);
        expect(container.env.slice(0, 3).map((entry) => expanded(entry.value ?? ''))).toEqual([value, value, `<${value}>`]);
        expect(objectOf(rendered, 'ConfigMap').data).toEqual({ a: value, b: `x: ${value}\ny: z` });
        expect(rendered.outputs[0]?.value).toBe(`is ${value}`);
      }),
    );
  });
});

describe('manifests', () => {
  const content = `apiVersion: v1
kind: ConfigMap
metadata: {name: a, annotations: {note: "\${value}", also: "x \${value}"}}
data:
  whole: \${value}
  part: |
    key: \${value}
    other: x
---
apiVersion: v1
kind: Secret
metadata: {name: a}
stringData: {url: "redis://:\${password}@\${value}"}
---
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: a, image: x, args: ["\${value}", "-\${value}"]}]}
`;
  const files = new Map([['manifests/a.yaml', content]]);
  const renderWith = (value: string) => render({ manifest: manifestsTemplate(properties), files, parameters: { value } });
  const plain = shapeOf(renderWith('plain'));

  it('have the same structure whatever the value is', () => {
    fc.assert(
      fc.property(text, (value) => {
        const rendered = renderWith(value);
        expect(shapeOf(rendered)).toEqual(plain);
        expect(objectOf(rendered, 'ConfigMap').data).toEqual({ whole: value, part: `key: ${value}\nother: x\n` });
      }),
    );
  });

  it('stay the same documents when they are written as YAML again', () => {
    fc.assert(
      fc.property(text, (value) => {
        const objects = renderWith(value).objects.map(({ object }) => object);
        const written = objects.map((object) => stringify(object)).join('---\n');
        expect(parseAllDocuments(written).map((document) => document.toJS())).toEqual(objects);
      }),
    );
  });

  it('take a value of any type where it is a whole member, and nothing else changes', () => {
    const any = { value: {} };
    const one = new Map([
      [
        'manifests/a.yaml',
        'apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\nspec: {left: 1, value: "${value}", right: 2}\n',
      ],
    ]);
    const values = fc
      .jsonValue({ maxDepth: 4 })
      .filter((value) => value !== null && !/\\u0000|\\ud|__proto__|[\u{10F9C0}\u{10F9C1}]/u.test(JSON.stringify(value)));
    fc.assert(
      fc.property(values, (value) => {
        const rendered = render({ manifest: manifestsTemplate(any), files: one, parameters: { value } });
        expect(JSON.parse(JSON.stringify(objectOf(rendered, 'Thing').spec))).toEqual({
          left: 1,
          value: JSON.parse(JSON.stringify(value)),
          right: 2,
        });
      }),
    );
  });
});
