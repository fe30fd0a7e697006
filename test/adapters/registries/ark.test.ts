import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createArkRegistry } from '../../../src/adapters/registries/ark.ts';
import { createChartSource } from '../../../src/adapters/registries/oci-charts.ts';
import type { ChartSource } from '../../../src/domain/chart-source.ts';
import { digestOf } from '../../../src/domain/content-hash.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import { listAll } from '../../support/listing.ts';
import { type Helm, openHelm } from '../../support/oci/push.ts';
import { type OciServer, startMemoryRegistry } from '../../support/oci/server.ts';
import { serveTexts, type TextServer } from '../../support/pack-catalog.ts';

let oci: OciServer;
let helm: Helm;
let client: GuardedClient;
let charts: ChartSource;
let source: TextServer;
let phoenix: Buffer;

beforeAll(async () => {
  oci = await startMemoryRegistry();
  helm = await openHelm(oci.host);
  phoenix = await helm.push('acme/charts', { name: 'phoenix', version: '0.1.5' });
  await helm.push('acme/charts', { name: 'langfuse', version: '1.0.0' });
}, 300_000);
afterAll(async () => {
  await helm?.close();
  await oci?.close();
});
beforeEach(async () => {
  client = createGuardedClient({ development: true, allow: [] });
  const real = createChartSource({ client, registry: 'ark' });
  // oci:// is https; the registry of the test speaks http.
  const plain = (ref: string) => ref.replace(/^oci:/, 'http:');
  charts = {
    resolve: (ref, ...rest) => real.resolve(plain(ref), ...rest),
    open: (ref, ...rest) => real.open(plain(ref), ...rest),
  };
  source = await serveTexts({});
});
afterEach(async () => {
  await source.close();
  await client.close();
});

const item = (name: string, more: Record<string, unknown> = {}, ark: Record<string, unknown> = {}) => ({
  name,
  type: 'service',
  displayName: `The ${name}`,
  description: `${name} for agents.`,
  version: '1.0.0',
  author: 'acme',
  homepage: 'https://acme.example/x',
  repository: 'https://acme.example/repo',
  license: 'Apache-2.0',
  documentation: 'https://acme.example/docs',
  tags: ['tracing', 'agents'],
  category: 'observability',
  icon: 'https://acme.example/icon.svg',
  support: { url: 'https://acme.example/help' },
  ark: {
    chartPath: `oci://${oci.host}/acme/charts/${name}`,
    namespace: 'telemetry',
    helmReleaseName: name,
    installArgs: ['--create-namespace'],
    k8sServiceName: name,
    k8sServicePort: 6006,
    ...ark,
  },
  ...more,
});
const publish = (...items: unknown[]) => {
  source.texts['/marketplace.json'] = JSON.stringify({ version: '1.0.0', marketplace: 'Acme', items });
};
const registry = () =>
  createArkRegistry({ name: 'ark', kind: 'ark', type: 'community', url: `${source.url}/marketplace.json` }, client, charts);

async function listed() {
  const plugin = registry();
  return { plugin, ...(await listAll(plugin)) };
}

describe('an Ark marketplace', () => {
  it('lists its items as templates of type helm, without asking for a chart', async () => {
    publish(item('phoenix', { version: 'v0.1.5' }), item('langfuse', {}, { dependencies: ['phoenix'] }));
    const { templates, problems } = await listed();
    expect(problems).toEqual([]);
    expect(templates[0]).toEqual({
      name: 'phoenix',
      version: '0.1.5',
      displayName: 'The phoenix',
      description: 'phoenix for agents.',
      category: 'observability',
      tags: ['tracing', 'agents'],
      license: 'Apache-2.0',
      type: 'helm',
      registry: 'ark',
      registryType: 'community',
      homepage: 'https://acme.example/x',
      icon: 'https://acme.example/icon.svg',
    });
    expect(await (await listed()).plugin.search({ q: 'lang' })).toMatchObject({ total: 1 });
  });

  it('shows an item with a manifest that our own schema accepts', async () => {
    publish(item('phoenix'), item('langfuse', {}, { dependencies: ['phoenix'] }));
    const { manifest, versions } = await registry().getTemplate('langfuse');
    expect(versions).toEqual(['1.0.0']);
    expect(manifest.spec).toEqual({
      type: 'helm',
      content: { chart: `oci://${oci.host}/acme/charts/langfuse` },
      dependencies: [{ name: 'phoenix', version: '*' }],
    });
    expect(manifest.marketplace).toMatchObject({
      ark: { namespace: 'telemetry', helmReleaseName: 'langfuse', k8sServicePort: 6006 },
    });
    const { marketplace: _ours, ...rest } = manifest;
    expect(parseTemplate(JSON.stringify(rest))).toEqual(rest);
  });

  it('is installed from: the very bytes that Helm pushed, and the same from the middle', async () => {
    publish(item('phoenix', { version: 'v0.1.5' }), item('langfuse', {}, { dependencies: ['phoenix'] }));
    const plugin = registry();
    const [entry] = await plugin.listVersions('phoenix');
    expect(entry).toEqual({ version: '0.1.5', digest: digestOf(phoenix), size: phoenix.length, dependencies: [] });
    expect(await plugin.listVersions('langfuse')).toMatchObject([{ dependencies: [{ name: 'phoenix', version: '*' }] }]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await plugin.openArchive('phoenix', '0.1.5', { digest: digestOf(phoenix) })).body)
      chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(phoenix)).toBe(true);
  });

  it('names a dependency exactly where there is only a pre-release of it, and keeps one it does not have', async () => {
    publish(item('phoenix', { version: '2.0.0-rc.1' }), item('langfuse', {}, { dependencies: ['phoenix', 'gone'] }));
    expect(await registry().listVersions('langfuse')).toMatchObject([
      {
        dependencies: [
          { name: 'phoenix', version: '2.0.0-rc.1' },
          { name: 'gone', version: '*' },
        ],
      },
    ]);
  });

  it('leaves out what cannot be used, in words, and nothing else', async () => {
    publish(
      item('phoenix'),
      7,
      { name: 'no-ark', version: '1.0.0' },
      item('Wrong Name'),
      item('versionless', { version: 'latest' }),
      item('tagged', {}, { chartPath: `oci://${oci.host}/acme/charts/tagged:1.0.0` }),
      item('plain', {}, { chartPath: 'https://acme.example/charts/plain' }),
      item('renamed', {}, { chartPath: `oci://${oci.host}/acme/charts/other` }),
      item('raw', {}, { installArgs: ['--create-namespace', '--post-renderer=/bin/sh'] }),
      item('itself', {}, { dependencies: ['itself'] }),
      item('phoenix', { version: '9.0.0' }),
      item(
        'nulls',
        { displayName: null, icon: null, tags: null },
        { installArgs: null, dependencies: null, k8sServicePort: null },
      ),
      item('scripts', { homepage: 'javascript:alert(1)', icon: 'data:text/html,x' }),
    );
    const { templates, problems } = await listed();
    expect(templates.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'phoenix@1.0.0',
      'renamed@1.0.0',
      'nulls@1.0.0',
      'scripts@1.0.0',
    ]);
    expect(templates[3]).not.toHaveProperty('homepage');
    expect(templates[3]).not.toHaveProperty('icon');
    expect(problems.map(({ subject, message }) => `${subject}: ${message}`)).toEqual([
      expect.stringMatching(/^item 2: /),
      expect.stringMatching(/^item "no-ark": ark: /),
      expect.stringMatching(/^item "Wrong Name": name: /),
      expect.stringMatching(/^item "versionless": version: "latest"/),
      expect.stringMatching(/^item "tagged": ark.chartPath: .*without a tag/),
      expect.stringMatching(/^item "plain": ark.chartPath: /),
      expect.stringMatching(/^item "raw": ark.installArgs: "--post-renderer=.*is not allowed/),
      expect.stringMatching(/^item "itself": ark.dependencies: /),
      expect.stringMatching(/^item "phoenix": is listed twice/),
    ]);
  });

  it('says that nothing changed', async () => {
    publish(item('phoenix'));
    const { plugin, listing } = await listed();
    const validator = listing.unchanged ? '' : (listing.validator ?? '');
    expect(await plugin.list({ validator })).toEqual({ unchanged: true });
    expect(await registry().list({ validator })).toEqual({ unchanged: true });
    publish(item('phoenix', { version: '2.0.0' }));
    expect(await plugin.list({ validator })).toMatchObject({ unchanged: false });
  });

  it('tells what there is instead', async () => {
    publish(item('phoenix'), item('absent'));
    await expect(registry().getTemplate('phenix')).rejects.toMatchObject({
      code: 'template_not_found',
      details: { alternatives: ['phoenix'] },
    });
    await expect(registry().getTemplate('phoenix', '7.0.0')).toFailWith('version_not_found');
    // Listed, but the chart was pushed in another version, or nowhere.
    await expect(registry().listVersions('phoenix')).toFailWith('version_not_found');
    await expect(registry().listVersions('absent')).toFailWith('template_not_found');
  });

  it.each([
    ['no JSON', '<html>'],
    ['a list', '[]'],
    ['no items', '{"version":"1"}'],
    ['10,000 levels', '['.repeat(10_000)],
  ])('refuses %s', async (_what, text) => {
    source.texts['/marketplace.json'] = text;
    await expect(registry().connect()).toFailWith('registry_invalid');
  });

  it.each([
    [401, 'authentication'],
    [403, 'authorization'],
    [404, 'registry_invalid'],
    [503, 'registry_unavailable'],
  ])('tells a %s apart', async (status, code) => {
    source.texts['/marketplace.json'] = (_request, response) => void response.writeHead(status).end();
    await expect(registry().connect()).toFailWith(code as never);
  });

  it('keeps one bad item among 10,000 from the others, and is bounded', async () => {
    const many = Array.from({ length: 10_000 }, (_, number) => (number === 5_000 ? { broken: true } : item(`item-${number}`)));
    source.texts['/marketplace.json'] = JSON.stringify({
      items: many.map((one) =>
        'broken' in one ? one : { name: one.name, version: one.version, ark: { chartPath: one.ark.chartPath } },
      ),
    });
    const { templates, problems } = await listed();
    expect([templates.length, problems.length]).toEqual([9_999, 1]);
    source.texts['/marketplace.json'] = JSON.stringify({ items: Array.from({ length: 10_001 }, () => 1) });
    await expect(registry().connect()).toFailWith('registry_invalid');
    source.texts['/marketplace.json'] = ' '.repeat(4 * 1024 * 1024 + 1);
    await expect(registry().connect()).toFailWith('too_large');
  });
});
