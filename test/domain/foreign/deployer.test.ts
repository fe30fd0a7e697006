import { describe, expect, it } from '@jest/globals';
import { deployerManifest } from '../../../src/domain/foreign/deployer.ts';
import { readDeployerSchema } from '../../../src/domain/foreign/deployer-schema.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import { deployerSchema } from '../../support/oci/deployer-schema.ts';

const IMAGE = {
  name: 'cassandra',
  version: '1.4.34',
  tag: '1.4.34',
  prefix: 'gcr.io/acme/cassandra',
  digest: `sha256:${'a'.repeat(64)}`,
};
const NAMES = `
  name: {type: string, x-google-marketplace: {type: NAME}}
  namespace: {type: string, x-google-marketplace: {type: NAMESPACE}}`;
const v1 = (properties: string, rest = '') => `applicationApiVersion: v1beta1\nproperties:${NAMES}\n${properties}\n${rest}`;

describe('deployerManifest', () => {
  it('makes a template that our own rules accept', () => {
    const manifest = deployerManifest(IMAGE, deployerSchema('1.4.34'), 'schema.yaml');
    expect(parseTemplate(JSON.stringify(manifest))).toEqual(manifest);
    expect(manifest.spec).toMatchObject({
      content: { image: `gcr.io/acme/cassandra/deployer@${IMAGE.digest}` },
      requires: { kubernetes: '>=1.21.1', resources: [{ replicas: 3, requests: { cpu: '300m', memory: '2Gi' } }] },
    });
  });

  it('asks a person only for what nobody else can give', () => {
    const { parameters = {} } = deployerManifest(IMAGE, deployerSchema('1.4.34'), 'schema.yaml').spec;
    expect(Object.keys(parameters.properties ?? {})).toEqual([
      ...['replicas', 'storage.size', 'mail.host', 'storageClass', 'admin.password', 'tls'],
    ]);
    expect(parameters.required).toEqual(['mail.host']);
    expect(parameters.properties).toMatchObject({
      replicas: { type: 'integer', default: 3, enum: [3, 5] },
      'mail.host': { type: 'string' },
      'admin.password': { 'x-chandlery': { generated: 'password', secret: true } },
      tls: { 'x-chandlery': { generated: 'certificate', secret: true } },
    });
    expect(parameters.properties).not.toHaveProperty(['mail.host', 'default']);
  });

  it('takes the images of version 1 from their properties', async () => {
    const image = 'image: {type: string, default: "gcr.io/acme/app:1.0", x-google-marketplace: {type: IMAGE}}';
    const { spec } = deployerManifest({ ...IMAGE, version: '9.9.9' }, v1(`  ${image}`), 'schema.yaml');
    expect(spec.images).toEqual({ image: { ref: 'gcr.io/acme/app:1.0' } });
    expect(spec.parameters).toMatchObject({ properties: {} });
  });

  it('refuses a schema of another version than the tag', async () => {
    await expect(() => deployerManifest(IMAGE, deployerSchema('1.4.33'), 'x')).toFailWith('template_invalid');
  });
});

describe('readDeployerSchema', () => {
  it.each([
    ['a list', '[]'],
    ['an unknown version', 'x-google-marketplace: {schemaVersion: v3}'],
    ['a version that is not built', deployerSchema('$TAG')],
    ['a version without a patch', deployerSchema('1.4')],
    ['no properties', 'required: []'],
    ['a required property that is not there', v1('', 'required: [ghost]')],
    ['a property without a type', v1('  a: {title: x}')],
    ['an unknown type', v1('  a: {type: array}')],
    ['an unknown meaning', v1('  a: {type: string, x-google-marketplace: {type: MAGIC}}')],
    ['a flag that is text', v1('  a: {type: string, x-google-marketplace: {type: ISTIO_ENABLED}}')],
    ['a default of another type', v1('  a: {type: integer, default: three}')],
    ['an enum of another type', v1('  a: {type: integer, enum: [three]}')],
    ['a name with a blank', v1('  "a b": {type: string}')],
    ['two namespaces', v1('  other: {type: string, x-google-marketplace: {type: NAMESPACE}}')],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
        .split('')
        .map((c, i) => `${c}: &${c} [${`*${'abcdefghij'[i]},`.repeat(9)}]`)
        .join('\n')}`,
    ],
  ])('refuses %s', async (_, text) => {
    await expect(() => readDeployerSchema(text, 'schema.yaml')).toFailWith('template_invalid');
  });

  it('ignores what the reference ignores, and says so', () => {
    const schema = readDeployerSchema(
      v1('  n: {type: number, default: 3, pattern: "(", placeholder: x}', 'misspelt: 1'),
      'schema.yaml',
    );
    expect(schema.warnings).toEqual(['"misspelt" is not a part of the format']);
    expect(schema.properties.at(-1)).toEqual({ name: 'n', required: false, schema: { type: 'number', default: 3 } });
  });
});
