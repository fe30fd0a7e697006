import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createGuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createRegistrySet } from '../../src/adapters/registries/registry-set.ts';
import { PACKAGE_ROOT, readConfig } from '../../src/config.ts';
import { parseRegistriesConfig } from '../../src/domain/registries-config.ts';
import { REGISTRY_KINDS, registryEntryShape } from '../../src/domain/registry-entry.ts';
import { codeWords, readPage, sectionOf, tableRows } from './support/pages.ts';

const PAGES = readdirSync(join(PACKAGE_ROOT, 'docs/registries')).filter((file) => file.endsWith('.md'));
const everything = new Proxy({}, { get: () => 'x', has: () => true }) as Record<string, string>;

describe.each(PAGES)('docs/registries/%s', (page) => {
  const samples = [...readPage(`docs/registries/${page}`).matchAll(/```yaml\n(registries:[\s\S]*?)```/g)].map(
    ([, text]) => text ?? '',
  );

  it('shows lists of registries that can be used', () => {
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) {
      const { registries, problems } = parseRegistriesConfig(sample, '/etc/chandlery/registries.yaml', everything);
      expect(problems).toEqual([]);
      expect(registries.length).toBeGreaterThan(0);
    }
  });
});

describe('docs/registries/README.md', () => {
  const page = readPage('docs/registries/README.md');

  it('names every kind', () => {
    expect(
      tableRows(page)
        .slice(1, REGISTRY_KINDS.length + 1)
        .map(([kind]) => codeWords(kind ?? '')[0])
        .toSorted(),
    ).toEqual([...REGISTRY_KINDS].toSorted());
  });

  it('names every member of an entry', () => {
    const rows = tableRows(sectionOf(page, '## In the configuration')).slice(1);
    const named = rows.flatMap(([members]) => codeWords(members ?? ''));
    expect(['name', 'type', 'url', ...named].toSorted()).toEqual(Object.keys(registryEntryShape.shape).toSorted());
  });
});

describe('the pack catalog', () => {
  const names = (env: Record<string, string>) =>
    readConfig({ ...env, CHANDLERY_REGISTRIES: '/nowhere.yaml' }).registries.registries;

  it('is the reference one where none is named, and then no registry', () => {
    expect(readConfig({}).marketplace).toEqual({ source: 'https://github.com/tosin2013/helmdeck-marketplace', disabled: false });
    expect(names({})).toEqual([]);
  });

  it('is a registry too where it is named, by our name before the reference', () => {
    const env = { HELMDECK_MARKETPLACE_URL: 'https://b.example', CHANDLERY_MARKETPLACE_URL: 'file:///opt/packs/' };
    expect(readConfig(env).marketplace.source).toBe('file:///opt/packs/');
    const found = names(env);
    expect(found).toEqual([{ name: 'helmdeck-default', kind: 'helmdeck', type: 'community', url: 'file:///opt/packs/' }]);
    const client = createGuardedClient({ development: false, allow: [] });
    expect(createRegistrySet({ registries: found, problems: [] }, { client }).get('helmdeck-default').kind).toBe('helmdeck');
    expect(names({ HELMDECK_MARKETPLACE_URL: 'https://b.example' })).toMatchObject([{ url: 'https://b.example' }]);
  });

  it.each([
    ['1', true],
    ['true', false],
    ['0', false],
  ])('is turned off by 1 only: %s', (value, disabled) => {
    const env = { HELMDECK_MARKETPLACE_DISABLE: value, CHANDLERY_MARKETPLACE_URL: 'https://a.example' };
    expect([readConfig(env).marketplace.disabled, names(env).length]).toEqual([disabled, disabled ? 0 : 1]);
    expect(readConfig({ ...env, CHANDLERY_MARKETPLACE_DISABLE: '1' }).marketplace.disabled).toBe(true);
  });
});
