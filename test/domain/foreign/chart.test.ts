import { describe, expect, it } from '@jest/globals';
import { CHART_FORMAT, chartManifest } from '../../../src/domain/foreign/chart.ts';
import { locateDependencies, missingNote, withDependencies } from '../../../src/domain/foreign/chart-dependencies.ts';
import { coerceRange } from '../../../src/domain/foreign/chart-range.ts';
import { archiveFiles, foreignKeep, manifestOfArchive, withIdentity } from '../../../src/domain/foreign/index.ts';
import { checkParameters } from '../../../src/domain/parameters/index.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import { manifestText } from '../../support/registry-folder.ts';

const CHART = 'apiVersion: v2\nname: web\nversion: 1.2.3\n';

const filesOf = (files: Record<string, string>) =>
  archiveFiles(Object.keys(files), new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])));

function read(files: Record<string, string>) {
  const all = {
    'web/Chart.yaml': CHART,
    ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`web/${path}`, text])),
  };
  const chart = chartManifest(filesOf(all), 'web/Chart.yaml', 'web@1.2.3');
  // Whatever comes out is a template by all our rules.
  expect(parseTemplate(JSON.stringify(chart.manifest))).toEqual(chart.manifest);
  return chart;
}

/** The same, and as what an archive of these files is taken for. */
function meaningOf(files: Record<string, string>) {
  const all = Object.fromEntries(Object.entries(files).map(([path, text]) => [`web/${path}`, text]));
  return { ...read(files), foreign: manifestOfArchive(filesOf(all), 'web@1.2.3').foreign };
}

const parametersOf = (values: string, schema?: unknown) => {
  const files: Record<string, string> = { 'values.yaml': values };
  if (schema !== undefined) files['values.schema.json'] = typeof schema === 'string' ? schema : JSON.stringify(schema);
  return read(files);
};

describe('the metadata of a chart', () => {
  it('has a description although Chart.yaml has none, and keeps the identity it was given', () => {
    const { manifest } = read({});
    expect(manifest.metadata).toEqual({ name: 'web', version: '1.2.3', description: 'The Helm chart web.' });
    expect(manifest.spec).toEqual({
      type: 'helm',
      content: { chart: 'web' },
      parameters: { type: 'object', additionalProperties: true },
    });
    expect(withIdentity(manifest, { name: 'other', version: '9.9.9' }).metadata).toMatchObject({
      name: 'other',
      version: '9.9.9',
    });
  });

  it('leaves out what a template cannot have', () => {
    const { manifest } = read({
      'Chart.yaml': `${CHART}${[
        `description: ${'x'.repeat(3000)}`,
        'home: javascript:alert(1)',
        'icon: file:///etc/passwd',
        `keywords: ["", a, a, ${'k'.repeat(80)}, 7, [b], ${Array.from({ length: 60 }, (_, at) => `tag${at}`).join(', ')}]`,
        'maintainers: [{name: Ann, email: not an address, url: "https://a b"}, {email: x@example.org}, nobody]',
        'annotations: {artifacthub.io/license: "not a licence!", artifacthub.io/category: "Streaming & Messaging"}',
        'kubeVersion: "!=1.20"',
      ].join('\n')}\n`,
    });
    const { metadata, spec } = manifest;
    expect(metadata.description).toHaveLength(2000);
    expect(metadata).toMatchObject({ category: 'streaming-messaging', maintainers: [{ name: 'Ann' }] });
    expect(metadata).not.toHaveProperty('homepage');
    expect(metadata).not.toHaveProperty('icon');
    expect(metadata).not.toHaveProperty('license');
    expect(metadata.tags?.slice(0, 3)).toEqual(['a', 'k'.repeat(50), '7']);
    expect(metadata.tags).toHaveLength(30);
    expect(spec.requires).toBeUndefined();
  });

  it.each([
    ['>=1.19-0', '>=1.19.0-0'],
    ['>= 1.16.0, < 1.30.0', '>= 1.16.0 < 1.30.0'],
    ['^v1.2.0 || ~2.x', '^1.2.0 || ~2.x'],
    ['1.20.0 - 1.25.0', '1.20.0 - 1.25.0'],
    ['*', '*'],
    ['!=1.0.0', undefined],
    ['anything', undefined],
  ])('reads the range %s', (range, ours) => {
    expect(coerceRange(range)).toBe(ours);
  });

  it.each([
    ['no map', '- a\n'],
    ['no YAML', 'a: [\n'],
    [
      'a billion laughs',
      `a: &a [x]\n${Array.from({ length: 200 }, () => '').join('\n')}b: [${Array(200).fill('*a').join(', ')}]\n`,
    ],
  ])('fails with template_invalid for a Chart.yaml that is %s', async (_what, text) => {
    await expect(() => chartManifest(filesOf({ 'web/Chart.yaml': text }), 'web/Chart.yaml', 'web')).toFailWith(
      'template_invalid',
    );
  });
});

describe('parameters inferred from values.yaml', () => {
  it('have types, defaults and the comments above them', () => {
    const { manifest, parametersFrom } = parametersOf(
      [
        '# Number of copies.',
        'replicas: 2',
        '',
        '## @param image.tag [string] The tag of the image',
        'image:',
        '  # -- (string) Where it lies',
        '  repository: nginx',
        '  tag: ""',
        '# resources:',
        '#   limits: {}',
        'resources: {}',
        'anything: ~',
        'old: yes',
        'list: [1, {a: b}]',
        'ratio: 0.5',
        'debug: false',
        '',
      ].join('\n'),
    );
    expect(parametersFrom).toBe('inferred');
    expect(manifest.spec.parameters).toEqual({
      type: 'object',
      additionalProperties: true,
      properties: {
        replicas: { type: ['integer', 'string'], default: 2, description: 'Number of copies.' },
        image: {
          type: 'object',
          properties: {
            repository: { type: ['string', 'number'], default: 'nginx', description: 'Where it lies' },
            tag: { type: ['string', 'number'], default: '', description: 'The tag of the image' },
          },
        },
        resources: { type: 'object' },
        anything: {},
        old: {},
        list: { type: 'array', default: [1, { a: 'b' }] },
        ratio: { type: ['number', 'string'], default: 0.5 },
        debug: { type: 'boolean', default: false },
      },
    });
  });

  it('lets the values of subcharts through', () => {
    const { manifest } = parametersOf('replicas: 1\n');
    const checked = checkParameters({ schema: manifest.spec.parameters, plain: { global: { a: 1 }, common: { b: [] } } });
    expect(checked.plain).toMatchObject({ replicas: 1, global: { a: 1 } });
  });

  it('stay within what a template may have, however large the values are', () => {
    const group = (at: number) => `g${at}:\n${Array.from({ length: 40 }, (_, key) => `  k${key}: {x: {y: {z: 1}}}\n`).join('')}`;
    const { manifest } = parametersOf(Array.from({ length: 60 }, (_, at) => group(at)).join(''));
    expect(Object.keys(manifest.spec.parameters?.properties ?? {})).toHaveLength(60);
    const deep = parametersOf(`${'a: {'.repeat(30)}b: 1${'}'.repeat(30)}\n`);
    expect(deep.notes).toEqual([]);
  });

  it.each([
    ['not YAML', 'a: [\n'],
    ['a list', '- a\n'],
    ['an alias bomb', `a: &a [x, x]\nb: &b [${Array(60).fill('*a').join(', ')}]\nc: [${Array(60).fill('*b').join(', ')}]\n`],
  ])('are none, with a note, for values that are %s', (_what, text) => {
    const { manifest, notes } = parametersOf(text);
    expect(manifest.spec.parameters).toEqual({ type: 'object', additionalProperties: true });
    expect(notes).toEqual([expect.stringContaining('values.yaml cannot be read')]);
  });
});

describe('parameters from values.schema.json', () => {
  it('take over older drafts, with the values as defaults', () => {
    const { manifest, parametersFrom, notes } = parametersOf('port: 80\nimage: {tag: "1"}\nnothing: null\n', {
      $schema: 'http://json-schema.org/draft-04/schema#',
      id: 'https://example.org/values.json',
      type: 'object',
      required: ['port', 'image'],
      additionalProperties: false,
      definitions: { port: { type: 'integer', minimum: 0, exclusiveMinimum: true } },
      properties: {
        port: { $ref: '#/definitions/port', type: 'string' },
        image: { type: 'object', required: ['tag'], properties: { tag: { type: 'string', pattern: '(?i)^a' } } },
        pair: { items: [{ type: 'string' }], additionalItems: false },
        nothing: { type: ['string', 'null'], default: 'x' },
        pod: { $ref: 'https://example.org/definitions.json#/pod' },
      },
      dependencies: { pair: ['port'] },
    });
    expect(parametersFrom).toBe('schema');
    expect(notes).toHaveLength(2);
    expect(manifest.spec.parameters).toEqual({
      type: 'object',
      required: ['port', 'image'],
      additionalProperties: false,
      definitions: { port: { type: 'integer', exclusiveMinimum: 0 } },
      properties: {
        port: { $ref: '#/definitions/port', default: 80 },
        image: { type: 'object', required: ['tag'], properties: { tag: { type: 'string', default: '1' } }, default: {} },
        pair: { prefixItems: [{ type: 'string' }], items: false },
        nothing: { type: ['string', 'null'] },
        pod: {},
      },
      dependentRequired: { pair: ['port'] },
    });
    const schema = manifest.spec.parameters;
    expect(checkParameters({ schema, plain: {} }).plain).toEqual({ port: 80, image: { tag: '1' } });
    expect(() => checkParameters({ schema, plain: { port: 0 } })).toThrow('port');
  });

  it.each([
    ['not JSON', '{'],
    ['of a list', { type: 'array' }],
    ['broken', { type: 'object', properties: { a: { minLength: 'x' } } }],
    ['pointing to nothing', { properties: { a: { $ref: '#/definitions/none' } } }],
    ['ten thousand levels deep', `{"properties": ${'{"a": '.repeat(10_000)}1${'}'.repeat(10_001)}`],
    ['too large', { properties: Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`k${at}`, { type: 'string' }])) }],
  ])('are inferred, saying why, for a schema that is %s', (_what, schema) => {
    const { manifest, parametersFrom, notes } = parametersOf('a: 1\n', schema);
    expect(parametersFrom).toBe('inferred');
    expect(manifest.spec.parameters).toMatchObject({ properties: { a: { default: 1 } } });
    expect(notes).toEqual([
      expect.stringMatching(/^values\.schema\.json cannot be taken over \(.+\); the parameters are inferred/),
    ]);
  });
});

describe('the dependencies of a chart', () => {
  const declared = `${CHART}dependencies:\n${[
    ['packed', '1.x', 'https://charts.example.org'],
    ['zipped', '2.x', 'https://charts.example.org'],
    ['known', '^3.1', 'https://known.example.org'],
    ['unknown', '4.x', 'https://unknown.example.org'],
    ['Bad_Name', '1.x', ''],
  ]
    .map(([name, version, repository]) => `- {name: ${name}, version: ${version}, repository: "${repository}"}\n`)
    .join('')}`;

  it('are bundled where packed, and ours where a registry is known', () => {
    const { packed, missing, manifest, notes, foreign } = meaningOf({
      'Chart.yaml': declared,
      'charts/packed/Chart.yaml': 'name: packed\n',
      'charts/zipped-2.0.1.tgz': '',
    });
    expect(packed).toEqual([
      { name: 'packed', version: '1.x', bundled: true },
      { name: 'zipped', version: '2.x', bundled: true },
    ]);
    expect(missing.map(missingNote)).toEqual([
      'dependency "known" (from "https://known.example.org") is not packed in the chart',
      'dependency "unknown" (from "https://unknown.example.org") is not packed in the chart',
    ]);
    expect(foreign?.missing).toEqual(missing);
    expect(manifest.spec.dependencies).toBeUndefined();
    expect(notes).toEqual([expect.stringContaining('Bad_Name')]);
    const located = locateDependencies(missing, 'web', (url) => (url.startsWith('https://known.') ? 'stable' : undefined));
    expect(located).toEqual([{ name: 'known', version: '^3.1', registry: 'stable' }]);
    const ours = withDependencies(manifest, located);
    expect(ours.spec.dependencies).toEqual(located);
    expect(parseTemplate(JSON.stringify(ours))).toEqual(ours);
  });

  it('that the chart is only wrapped around cannot stand beside it under the same name', () => {
    const { missing } = read({
      'Chart.yaml': `${CHART}dependencies: [{name: web, version: 1.x, repository: "https://known.example.org"}]\n`,
    });
    expect(missing).toHaveLength(1);
    expect(locateDependencies(missing, 'web', () => 'stable')).toEqual([]);
  });

  it("whose range cannot be read are left out with a note, and those without a repository are nobody's", () => {
    const { missing, notes } = read({
      'Chart.yaml': `${CHART}dependencies: [{name: a, version: "!=1", repository: "https://known.example.org"}, {name: b, version: 1.x}]\n`,
    });
    expect(notes).toEqual([expect.stringContaining('its range "!=1" cannot be read')]);
    expect(missing.map(missingNote)).toEqual([
      'dependency "b" (the chart names no repository for it) is not packed in the chart',
    ]);
    expect(locateDependencies(missing, 'web', () => 'stable')).toEqual([]);
  });

  it('are read from requirements.yaml of charts of version 1', () => {
    const { packed } = read({
      'requirements.yaml': 'dependencies: [{name: a, version: 1.x, condition: a.enabled}]\n',
      'charts/a/Chart.yaml': '',
    });
    expect(packed).toEqual([{ name: 'a', version: '1.x', optional: true, bundled: true }]);
  });
});

describe('what an archive is', () => {
  it('is a template of ours before anything else', () => {
    const files = { 'template.yaml': manifestText({ name: 'ours', version: '1.0.0' }), 'web/Chart.yaml': CHART };
    const meaning = manifestOfArchive(filesOf(files), 'x');
    expect(meaning).toMatchObject({ manifest: { metadata: { name: 'ours' } }, manifestFile: 'template.yaml' });
    expect(meaning.foreign).toBeUndefined();
    expect(manifestOfArchive(filesOf({ 'web/Chart.yaml': CHART }), 'x').foreign).toMatchObject({
      format: 'Helm chart',
      ownIdentity: false,
    });
  });

  it('fails with template_invalid when it is nothing known', async () => {
    await expect(() => manifestOfArchive(filesOf({ 'a/b/Chart.yaml': CHART }), 'x')).toFailWith('template_invalid');
    await expect(() => manifestOfArchive(filesOf({}), 'x')).toFailWith('template_invalid');
  });

  it('keeps only the files that tell, and only so much of them', () => {
    const keep = foreignKeep();
    expect(keep('web/Chart.yaml', 100)).toBe(true);
    expect(keep('web/templates/a.yaml', 100)).toBe(false);
    expect(keep('web/values.yaml', 2 * 1024 * 1024)).toBe(false);
    const many = Array.from({ length: 100 }, (_, at) => keep(`d${at}/values.yaml`, 1024 * 1024));
    expect(many.filter(Boolean).length).toBeLessThan(9);
    expect(keep('template.yaml', 100)).toBe(true);
    expect(CHART_FORMAT.marker(['a/Chart.yaml', 'b/Chart.yaml'])).toBeUndefined();
  });
});
