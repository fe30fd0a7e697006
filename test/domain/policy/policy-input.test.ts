import { describe, expect, it } from '@jest/globals';
import { POLICY_LIMITS } from '../../../src/domain/policy/engine.ts';
import { placeInExpression } from '../../../src/domain/policy/expression-place.ts';
import { policyInput } from '../../../src/domain/policy/policy-input.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import { manifestText } from '../../support/registry-folder.ts';

const manifest = parseTemplate(manifestText({ name: 'shop', version: '1.0.0' }));
const registry = { name: 'campus', type: 'institutional', kind: 'chandlery' } as const;
const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n';
const inputOf = (files: Record<string, string | undefined>, of = manifest) =>
  policyInput(
    {
      manifest: of,
      files: Object.entries(files).map(([path, text]) => ({
        path,
        size: text?.length ?? 9_999_999,
        ...(text !== undefined && { text }),
      })),
    },
    registry,
  );

describe('policyInput', () => {
  it('has the objects of YAML and JSON files, of several documents and of lists', () => {
    const { objects, unreadable } = inputOf({
      'a.yaml': `${POD}---\n${POD}`,
      'b.json': '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Secret"}]}',
      'values.yaml': 'replicas: 2\n',
      'README.md': POD,
    });
    expect(objects.map((object) => (object as { kind: string }).kind)).toEqual(['Pod', 'Pod', 'Secret']);
    expect(unreadable).toEqual([]);
  });

  it('names what holds objects and cannot be read, and what was too long to be held', () => {
    const chart = '{{- if .Values.on }}\napiVersion: v1\nkind: Pod\n{{- end }}\n';
    expect(inputOf({ 'chart/pod.yaml': chart, 'big.yaml': undefined, 'notes.yaml': '{{ nothing' }).unreadable).toEqual([
      'chart/pod.yaml',
      'big.yaml',
    ]);
  });

  it('shows no more objects than the limit, and says so', () => {
    const many = Array.from({ length: POLICY_LIMITS.objects - 1 }, () => '{"apiVersion":"v1","kind":"Pod"}').join(',');
    const { objects, unreadable } = inputOf({
      'a.json': `{"apiVersion":"v1","kind":"List","items":[${many}]}`,
      'b.yaml': `${POD}---\n${POD}`,
      'c.yaml': POD,
    });
    expect(objects).toHaveLength(POLICY_LIMITS.objects);
    expect(unreadable).toEqual(['b.yaml']);
  });

  it('does not take the manifest for an object, nor shows texts', () => {
    const { objects, files } = inputOf({ 'template.yaml': POD, 'a.yaml': POD });
    expect(objects).toHaveLength(1);
    expect(files[0]).toEqual({ path: 'template.yaml', size: POD.length });
  });
});

describe('attack: objects that are deployed past the expressions', () => {
  const deployedBy = (path: string, files: Record<string, string | undefined>) => {
    const { objects, unreadable } = inputOf(
      files,
      parseTemplate(manifestText({ name: 'shop', version: '1.0.0', spec: { content: { path } } })),
    );
    return { kinds: objects.map((object) => (object as { kind: string }).kind), unreadable };
  };

  it('are seen in a file without an ending, which the manifest names itself', () => {
    expect(deployedBy('all', { all: POD })).toEqual({ kinds: ['Pod'], unreadable: [] });
  });

  it('are seen in every kind of list, and in lists of lists', () => {
    const list = `{"apiVersion":"v1","kind":"PodList","items":[{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod"}]}]}`;
    expect(deployedBy('manifests', { 'manifests/a.json': list })).toEqual({ kinds: ['Pod'], unreadable: [] });
  });

  it('are told as unreadable in a file that is no text, and in one that is no YAML, whatever it looks like', () => {
    const files = {
      'manifests/a.yaml': undefined,
      'manifests/b.yaml': '"k\\u0069nd": Pod\nspec: {',
      'other/b.yaml': '{{ nothing',
    };
    expect(deployedBy('manifests', files)).toEqual({ kinds: [], unreadable: ['manifests/a.yaml', 'manifests/b.yaml'] });
  });
});

describe('placeInExpression', () => {
  const yaml = ['a: x == y', "b: 'x == y'", 'c: |', '    x &&', '      y', 'd: >-', '    x &&', '    y'].join('\n');
  it.each([
    ['plain', { line: 1, column: 4 }, 'x == y', 5, { line: 1, column: 9 }],
    ['quoted', { line: 2, column: 4 }, 'x == y', 5, { line: 2, column: 10 }],
    ['a block', { line: 3, column: 4 }, 'x &&\n  y\n', 7, { line: 5, column: 7 }],
    ['folded', { line: 6, column: 4 }, 'x && y', 5, { line: 7, column: 5 }],
    ['not as written', { line: 1, column: 4 }, 'z', 0, { line: 1, column: 4 }],
  ])('of a text that is %s', (_what, start, expression, offset, place) => {
    expect(placeInExpression(yaml, start, expression, offset)).toEqual(place);
  });
});
