import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createFolderRegistry } from '../../../src/adapters/registries/folder.ts';
import { createRegistrySet } from '../../../src/adapters/registries/registry-set.ts';
import { parseRegistriesConfig } from '../../../src/domain/registries-config.ts';
import { createRegistryFolder, type RegistryFolder } from '../../support/registry-folder.ts';

const client = createGuardedClient({ development: true, allow: [] });
let folder: RegistryFolder;
beforeAll(async () => {
  folder = await createRegistryFolder([{ name: 'redis', version: '7.0.0' }]);
});
afterAll(async () => {
  await folder.remove();
  await client.close();
});

const config = (text: string) => parseRegistriesConfig(text, 'registries.yaml', {});
const local = () => createFolderRegistry({ name: 'local', type: 'official', directories: [folder.dir] });

describe('createRegistrySet', () => {
  it('opens file:// as a folder and https:// over the guarded client', async () => {
    const set = createRegistrySet(
      config(
        `registries:\n  - {name: web, type: community, url: "https://r.example"}\n  - {name: disk, type: private, default: true, url: "${pathToFileURL(folder.dir).href}"}`,
      ),
      { client, local: local() },
    );
    expect(set.all.map(({ name }) => name)).toEqual(['local', 'web', 'disk']);
    expect(set.default?.name).toBe('disk');
    await expect(set.get('disk').getTemplate('redis')).resolves.toMatchObject({ registry: 'disk', registryType: 'private' });
  });

  it('speaks every kind that is configured, and ends what they hold open', async () => {
    const set = createRegistrySet(
      config(
        [
          'registries:',
          '  - {name: charts, type: community, kind: helm, url: "https://h.example"}',
          '  - {name: images, type: community, kind: oci, url: "oci://o.example/team"}',
          '  - {name: packs, type: community, kind: helmdeck, url: "https://p.example"}',
          '  - {name: items, type: community, kind: ark, url: "https://a.example/marketplace.json"}',
          '  - {name: mine, type: community, kind: plugin, module: ./not-there.mjs}',
        ].join('\n'),
      ),
      { client },
    );
    expect(set.all.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'charts helm',
      'images oci',
      'packs helmdeck',
      'items ark',
      'mine plugin',
    ]);
    await expect(set.get('mine').connect()).toFailWith('registry_invalid');
    await set.close();
  });

  it('answers bare names from its own templates when nothing is configured', () => {
    expect(createRegistrySet(config(''), { client, local: local() }).default?.name).toBe('local');
    expect(createRegistrySet(config(''), { client }).default).toBeUndefined();
  });

  it('fails with registry_not_found, naming the others or why it cannot be used', async () => {
    const set = createRegistrySet(
      config(
        'registries:\n  - {name: old, type: private, kind: apt, url: "https://x"}\n  - {name: web, type: private, url: "https://y"}',
      ),
      { client },
    );
    expect(() => set.get('nope')).toThrow(
      expect.objectContaining({ code: 'registry_not_found', details: { registry: 'nope', alternatives: ['web'] } }),
    );
    expect(() => set.get('old')).toThrow(/cannot be used: kind "apt"/);
    // Bare names must not silently come from another registry than the one meant.
    expect(set.default).toBeUndefined();
  });

  it('takes registries that are added while it is used, and keeps the plugins of those that stay', async () => {
    const set = createRegistrySet(config('registries:\n  - {name: web, type: private, url: "https://y"}'), {
      client,
      local: local(),
    });
    const added = (name: string, revision: string, type: 'official' | 'private' = 'private') => ({
      config: { name, kind: 'helm' as const, type, url: `https://${name}.example` },
      revision,
    });
    set.use({ registries: [added('a', '1'), added('b', '2')], problems: [], defaultName: 'a', defaultBy: 'order' });
    const [a, b] = [set.get('a'), set.get('b')];
    expect(set.all.map(({ name }) => name)).toEqual(['local', 'web', 'a', 'b']);
    expect(set.default?.name).toBe('web');
    const problems = [{ registry: 'b', message: 'no key', revision: '2' }];
    set.use({ registries: [added('a', '1'), added('c', '3', 'official')], problems, defaultName: 'c', defaultBy: 'type' });
    expect(set.get('a')).toBe(a);
    expect(set.default?.name).toBe('c');
    expect(() => set.get('b')).toThrow(/cannot be used: no key/);
    set.use({ registries: [added('a', '4'), added('b', '2')], problems: [], defaultName: 'a', defaultBy: 'mark' });
    expect(set.get('a')).not.toBe(a);
    expect(set.get('b')).not.toBe(b);
    expect(set.default?.name).toBe('a');
    set.use({ registries: [], problems: [] });
    await expect(() => set.get('a')).toFailWith('registry_not_found');
    expect(set.default?.name).toBe('web');
    await set.close();
  });

  it('fails with config_invalid when a name is taken', async () => {
    const taken = config('registries:\n  - {name: local, type: private, url: "https://x"}');
    await expect(() => createRegistrySet(taken, { client, local: local() })).toFailWith('config_invalid');
  });
});
