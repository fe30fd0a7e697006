import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { createRegistryFolder, type RegistryFolder } from '../support/registry-folder.ts';
import { runCli } from './support/run-cli.ts';

const WEB_APP = join(PACKAGE_ROOT, 'templates/web-app/1.0.0');
const REDIS = join(PACKAGE_ROOT, 'templates/redis/1.0.0');
let folder: RegistryFolder;
let bundle: string;

beforeAll(async () => {
  folder = await createRegistryFolder();
  bundle = await folder.add({
    name: 'bundle',
    version: '1.0.0',
    spec: {
      parameters: { type: 'object', additionalProperties: false, properties: { greeting: { type: 'string', default: 'hello' } } },
    },
    files: { 'manifests/config.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: said}\ndata: {text: $greeting}\n' },
  });
});
afterAll(() => folder.remove());

/** No server is there: the settings lead nowhere. */
const render = (...words: string[]) => runCli(['render', ...words], { CHANDLERY_URL: 'http://127.0.0.1:9' });

describe('chandlery render DIR', () => {
  it('prints the objects as YAML, without a server', async () => {
    const { code, stdout } = await render(WEB_APP, '-p', 'image=ghcr.io/acme/demo:1.10', '--name', 'demo', '-n', 'team-a');
    expect(code).toBe(0);
    const objects = parseAllDocuments(stdout).map((document) => document.toJS());
    expect(objects.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Deployment', 'Service']));
    for (const { metadata } of objects)
      expect(metadata).toMatchObject({ namespace: 'team-a', name: expect.stringContaining('demo') });
  });

  it('renders files, with parameters in them', async () => {
    const { stdout } = await render(bundle, '-p', 'greeting=2', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'List', items: [{ kind: 'ConfigMap', data: { text: '2' } }] });
    expect((await render(bundle, '-o', 'name')).stdout).toMatch(/^configmap\//);
  });

  it('shows the place of a secret, and no value', async () => {
    const { code, stdout } = await render(REDIS);
    expect(code).toBe(0);
    expect(stdout).toContain('(secret password)');
  });

  it.each([
    ['a parameter that is missing', [WEB_APP], 'image'],
    ['a value that does not fit', [WEB_APP, '-p', 'image=a', '-p', 'replicas=many'], 'replicas'],
    ['a name that is no parameter', [WEB_APP, '-p', 'image=a', '-p', 'replica=1'], 'did you mean "replicas"'],
  ])('exits 2 for %s', async (_what, words, said) => {
    const { code, stderr, stdout } = await render(...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('code: parameter_invalid');
    expect(stderr).toContain(said);
  });

  it('exits 1 for a template that is not valid', async () => {
    await folder.write('broken/1.0.0/template.yaml', 'kind: Template\n');
    const { code, stderr } = await render(join(folder.dir, 'broken/1.0.0'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('code: template_invalid')]);
  });
});
