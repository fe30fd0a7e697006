import { describe, expect, it } from '@jest/globals';
import type { ClusterSession, KubeObject } from '../../../src/domain/cluster.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import type { RegistryPlugin, RegistrySet } from '../../../src/domain/registry.ts';
import { type SourceAccess, withSources } from '../../../src/domain/sources/for-user.ts';

const NAME = 'source:team/partner';
const URL_OF_IT = 'https://partner.example/marketplace.json';

/** What is asked, in words. */
function scene(data: Record<string, string> | undefined) {
  const asked: string[] = [];
  const configMap = data && ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data } as unknown as KubeObject);
  const session = {
    get: async ({ kind, namespace, name }: { kind: string; namespace?: string; name: string }) => {
      asked.push(`get ${kind} ${namespace}/${name}`);
      return configMap;
    },
  } as unknown as ClusterSession;
  const sources: SourceAccess['sources'] = {
    open(registry, url) {
      asked.push(`open ${registry} ${url}`);
      return { name: registry, listVersions: async () => [] } as unknown as RegistryPlugin;
    },
    openArchive: () => Promise.reject(new Error('not here')),
  };
  const configured = { name: 'charts' } as unknown as RegistryPlugin;
  const registries: RegistrySet = {
    all: [configured],
    default: configured,
    local: undefined,
    get(name) {
      if (name === 'charts') return configured;
      throw new ChandleryError('registry_not_found', name);
    },
  };
  return { asked, configured, set: withSources(registries, { sources, session: () => session }) };
}

describe('withSources', () => {
  it('gives configured registries as they are, and asks nobody about them', async () => {
    const { set, configured, asked } = scene({});
    expect(set.get('charts')).toBe(configured);
    expect(set.default).toBe(configured);
    expect(set.all).toEqual([configured]);
    await expect(() => set.get('other')).toFailWith('registry_not_found');
    expect(asked).toEqual([]);
  });

  it('reads the ConfigMap once, when the source is first used', async () => {
    const { set, asked } = scene({ partner: JSON.stringify({ url: URL_OF_IT }) });
    const plugin = set.get(NAME);
    expect(plugin).toMatchObject({ name: NAME, kind: 'ark', type: 'community' });
    expect(asked).toEqual([]);
    await Promise.all([plugin.listVersions('redis'), set.get(NAME).listVersions('web')]);
    expect(asked).toEqual(['get ConfigMap team/marketplace-sources', `open ${NAME} ${URL_OF_IT}`]);
  });

  it.each([
    ['there is no ConfigMap', undefined, 'source_not_found'],
    ['it has another source only', { other: JSON.stringify({ url: URL_OF_IT }) }, 'source_not_found'],
    ['its value is no JSON', { partner: '{' }, 'source_invalid'],
    ['its url is not https', { partner: JSON.stringify({ url: 'http://partner.example/' }) }, 'source_invalid'],
    ['its url holds a password', { partner: JSON.stringify({ url: 'https://a:b@partner.example/' }) }, 'source_invalid'],
  ] as const)('fails when %s, and opens nothing', async (_when, data, code) => {
    const { set, asked } = scene(data);
    await expect(set.get(NAME).listVersions('redis')).toFailWith(code);
    expect(asked.some((line) => line.startsWith('open'))).toBe(false);
  });

  it('names the sources there are', async () => {
    const { set } = scene({ other: '{}', third: '{}' });
    await expect(set.get(NAME).getTemplate('redis')).rejects.toMatchObject({ details: { alternatives: ['other', 'third'] } });
  });
});
