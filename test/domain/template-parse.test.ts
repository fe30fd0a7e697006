// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter
import { describe, expect, it } from '@jest/globals';
import { parseTemplate } from '../../src/domain/template-parse.ts';
import { broken, failureOf, fixture, small, withSpec } from './template-support.ts';

describe('parseTemplate', () => {
  it('gives the manifest of a template that uses every member', () => {
    const manifest = parseTemplate(fixture('complete.yaml'));
    expect(manifest.metadata.version).toBe('1.2.3-rc.1+build.5');
    expect(manifest.spec.dependencies?.[1]).toEqual({ name: 'complete', version: '1.x', registry: 'elsewhere' });
    expect(manifest.spec.requires?.resources?.[0]?.requests?.['example.org/gpu']).toBe('1');
    expect(manifest.trust?.sha256).toHaveLength(64);
  });

  it.each([
    ['manifests', 'spec: {type: manifests, content: {path: manifests/}}'],
    ['helm', 'spec: {type: helm, content: {chart: chart}}'],
    [
      'deployer',
      'spec: {type: deployer, content: {image: "example.org/app/deployer:1.4"}, parameters: {type: object, properties: {reportingSecret.name: {type: string}}}}',
    ],
    [
      'stack',
      'spec: {type: stack, components: [{name: db, template: postgres, version: ^16.0.0}, {name: web, template: web-app, version: ^2.0.0, dependsOn: [db]}]}',
    ],
    [
      'pack',
      'spec: {type: pack, handler: {type: command, command: [run.sh], anything: goes}, inputSchema: {type: object}, outputSchema: {type: object}, examples: [{name: x}]}',
    ],
  ])('accepts the type %s', (type, spec) => {
    expect(parseTemplate(withSpec(spec)).spec.type).toBe(type);
  });

  it('accepts the dotted names of packs, for packs', () => {
    const pack = withSpec('spec: {type: pack, handler: {type: command}}').replace('name: small', 'name: cloud.list_buckets');
    expect(parseTemplate(pack).metadata.name).toBe('cloud.list_buckets');
  });

  it.each([
    ['nothing', '', undefined],
    ['null', 'trust:\n', undefined],
    ['an empty map', 'trust: {}\n', {}],
    ['a signer without a hash', 'trust: {signed_by: ada, sha256: ""}\n', { signed_by: 'ada', sha256: '' }],
  ])('accepts %s for trust', (_what, trust, expected) => {
    expect(parseTemplate(small + trust).trust).toEqual(expected);
  });

  it('reads aliases, and finds the place of an error behind one', () => {
    const text = broken('    env:\n      - {name: PASSWORD, parameter: password}\n', '    env: [&a {name: A, value: x}, *a]\n');
    expect(parseTemplate(text).spec.workload?.env).toEqual([
      { name: 'A', value: 'x' },
      { name: 'A', value: 'x' },
    ]);
    expect(failureOf(text.replace('value: x', 'valu: x')).details.issues?.length).toBe(4);
  });
});
