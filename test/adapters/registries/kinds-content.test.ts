import { relative } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { createFolderRegistry } from '../../../src/adapters/registries/folder.ts';
import { parseRegistriesConfig } from '../../../src/domain/registries-config.ts';
import { TestRepository, templateFiles } from '../../support/git/repository.ts';
import { listAll } from '../../support/listing.ts';
import { createRegistryFolder } from '../../support/registry-folder.ts';
import { type HTTP_KINDS, KindLab } from '../../support/registry-kinds.ts';

/** What a registry may put into its answers, held against every kind that reads such a thing. */

const lab = new KindLab();
afterEach(() => lab.clear());
afterAll(() => lab.close());

type Kind = (typeof HTTP_KINDS)[number];
const serveText = async (kind: Kind, body: string, type: string) => {
  const server = await lab.serve((_request, response) => response.writeHead(200, { 'content-type': type }).end(body));
  const entry = kind === 'oci' ? { repositories: ['charts/a'] } : {};
  const url = kind === 'ark' ? `${server.url}/marketplace.json` : server.url;
  return lab.open(kind, url, { entry });
};
/** Twenty anchors, each nine times the one before: 9^20 values. */
const bomb = (indent: string) =>
  Array.from({ length: 20 }, (_, at) => {
    const values = Array(9).fill(at === 0 ? 'x' : `*a${at - 1}`);
    return `${indent}a${at}: &a${at} [${values.join(', ')}]\n`;
  }).join('');
const deep = (levels = 10_000) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('JSON or YAML that is 10,000 levels deep', () => {
  it.each<[Kind, string, string]>([
    ['chandlery', `{"templates":${deep()},"total":0}`, 'application/json'],
    ['helm', `{"entries":${deep()}}`, 'application/json'],
    ['helm', `entries: ${deep()}\n`, 'text/yaml'],
    ['helmdeck', `packs: ${deep()}\n`, 'text/yaml'],
    ['helmdeck', `packs:\n- ${deep()}\n`, 'text/yaml'],
    ['ark', `{"items":[{"name":${deep()}}]}`, 'application/json'],
  ])('is refused by kind %s', async (kind, body, type) => {
    await expect((await serveText(kind, body, type)).connect()).toFailWith('registry_invalid');
  });

  it('is told of the one repository of an OCI registry that sends it', async () => {
    const plugin = await serveText('oci', `{"name":"charts/a","tags":${deep()}}`, 'application/json');
    const { templates, problems } = await listAll(plugin);
    expect([templates, problems.map(({ message }) => message)]).toEqual([[], [expect.stringContaining('nested deeper than')]]);
  });
});

describe('aliases that multiply', () => {
  it.each<[Kind, string]>([
    ['helmdeck', `${bomb('')}packs: []\n`],
    ['helmdeck', `packs:\n- name: cmd.a\n${bomb('  ')}`],
  ])('are refused by kind %s', async (kind, body) => {
    await expect((await serveText(kind, body, 'text/yaml')).connect()).toFailWith('registry_invalid');
  });

  it('are passed over by kind helm where they stand beside the entries', async () => {
    const plugin = await serveText('helm', `entries: {}\nmore:\n${bomb('  ')}`, 'text/yaml');
    expect((await listAll(plugin)).templates).toEqual([]);
  });

  it('are refused in the file of registries', async () => {
    await expect(() => parseRegistriesConfig(`${bomb('')}registries: []\n`, 'registries.yaml', {})).toFailWith('config_invalid');
  });
});

describe('one manifest that is an attack', () => {
  const attacks = { bomb: bomb(''), deep: `a: ${deep()}\n` };

  it('takes nothing from its neighbours in a Git repository', async () => {
    const repository = new TestRepository();
    repository.commit({
      ...templateFiles('good', 'good', '1.0.0'),
      ...Object.fromEntries(
        Object.entries(attacks).flatMap(([name, text]) => [
          [`${name}/template.yaml`, text],
          [`${name}-pack/helmdeck-pack.yaml`, text],
          [`${name}-chart/Chart.yaml`, text],
        ]),
      ),
    });
    const { templates, problems } = await listAll(lab.open('git', repository.url));
    repository.remove();
    expect(templates.map(({ name }) => name)).toEqual(['good']);
    expect(problems.map(({ subject }) => subject).sort()).toEqual([
      ...['bomb', 'bomb-chart', 'bomb-pack'],
      ...['deep', 'deep-chart', 'deep-pack'],
    ]);
  });

  it('takes nothing from its neighbours in a folder', async () => {
    const folder = await createRegistryFolder([{ name: 'good', version: '1.0.0' }]);
    for (const [name, text] of Object.entries(attacks)) await folder.write(`${name}/1.0.0/template.yaml`, text);
    const problems: string[] = [];
    const plugin = createFolderRegistry({
      name: 'f',
      type: 'private',
      directories: [folder.dir],
      onProblem: ({ path }) => problems.push(path),
    });
    expect((await listAll(plugin)).templates.map(({ name }) => name)).toEqual(['good']);
    expect(problems.map((path) => relative(folder.dir, path)).sort()).toEqual(['bomb/1.0.0', 'deep/1.0.0']);
    await folder.remove();
  });
});

describe('the content type', () => {
  it.each(['text/html', 'text/plain', ''])('counts where the protocol is ours: %j', async (type) => {
    const plugin = await serveText('chandlery', '{"templates":[],"total":0}', type);
    await expect(plugin.connect()).toFailWith('registry_invalid');
    await expect(plugin.getTemplate('redis')).toFailWith('registry_invalid');
  });

  it.each<[Kind, string]>([
    ['helm', 'apiVersion: v1\nentries: {}\n'],
    ['helmdeck', 'packs: []\n'],
    ['ark', '{"items":[]}'],
  ])('says little to kind %s, whose documents lie on hosts of raw files', async (kind, body) => {
    for (const type of ['text/plain', 'application/octet-stream', 'application/x-whatever']) {
      await expect((await serveText(kind, body, type)).connect()).resolves.toEqual({ credential: 'none' });
      // What counts is what it holds.
      await expect((await serveText(kind, '<html></html>', type)).connect()).toFailWith('registry_invalid');
    }
  });
});

describe('one malformed entry among 10,000', () => {
  it('is left out of a pack catalog, and the rest stay', async () => {
    const entry = (at: number) => `- {name: cmd.p${at}, version: v1, path: packs/p${at}, description: A pack of many, author: a}`;
    const lines = Array.from({ length: 10_000 }, (_, at) => (at === 5_000 ? '- 7' : entry(at)));
    const { templates, problems } = await listAll(await serveText('helmdeck', `packs:\n${lines.join('\n')}\n`, 'text/plain'));
    expect(templates).toHaveLength(9_999);
    expect(problems).toHaveLength(1);
  }, 30_000);
});
