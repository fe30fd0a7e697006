import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { manifestOf } from '../../activities/template-source.ts';
import { packFiles } from '../../src/adapters/archive/pack.ts';
import { packedArchive } from '../../src/adapters/registries/packed-archive.ts';
import { digestOf } from '../../src/domain/content-hash.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import type { DependencySpec, RegistryPlugin } from '../../src/domain/registry.ts';
import { parseTemplate } from '../../src/domain/template-parse.ts';
import type { ActivityLab } from '../support/activity-lab.ts';
import { type ChartRepository, createChartRepository } from '../support/chart-repository.ts';
import { manifestText } from '../support/registry-folder.ts';
import { type ServedCharts, serveCharts } from '../support/served-charts.ts';

let charts: ChartRepository;
let served: ServedCharts;
let lab: ActivityLab;
/** What the registry is made to say besides, by name. */
const listings = new Map<string, { bytes: Buffer; version: string; dependencies: DependencySpec[] }>();

beforeAll(async () => {
  charts = await createChartRepository(
    {
      name: 'web',
      version: '1.0.0',
      values: 'replicas: 1\n',
      packed: [{ name: 'common', version: '2.0.0' }],
      chart: { dependencies: [{ name: 'common', version: '>=1-0', repository: 'https://charts.example.org' }] },
    },
    { name: 'helpers', version: '0.3.0', chart: { type: 'library' } },
  );
  served = await serveCharts(charts, saying);
  ({ lab } = served);
}, 300_000);
afterAll(async () => {
  await served?.close();
}, 60_000);

/** Other kinds rename charts and give them dependencies; this one does it as told. */
function saying(helm: RegistryPlugin): RegistryPlugin {
  return {
    ...helm,
    async listVersions(name, signal) {
      const listed = listings.get(name);
      if (listed === undefined) return helm.listVersions(name, signal);
      const { bytes, version, dependencies } = listed;
      return [{ version, digest: digestOf(bytes), size: bytes.length, dependencies }];
    },
    async openArchive(name, version, range) {
      const listed = listings.get(name);
      return listed === undefined
        ? helm.openArchive(name, version, range)
        : packedArchive(listed.bytes, digestOf(listed.bytes), range);
    },
  };
}

describe('installing a chart', () => {
  it('makes a template of type helm of it, its subchart not resolved', async () => {
    const { record, warnings } = await lab.install('one', 'web');
    expect(record).toMatchObject({
      name: 'web',
      version: '1.0.0',
      registry: 'charts',
      dependencies: [],
      trust: { verified: false, note: expect.stringContaining('unsigned') },
      manifest: { metadata: { name: 'web', version: '1.0.0' }, spec: { type: 'helm', content: { chart: 'web' } } },
    });
    expect(warnings).toEqual([]);
    expect(parseTemplate(JSON.stringify(record.manifest))).toEqual(record.manifest);
  });

  it('says of a library chart that it deploys nothing', async () => {
    const { record, warnings } = await lab.install('one', 'helpers');
    expect(record.manifest.metadata.tags).toEqual(['helm-library']);
    expect(warnings).toEqual([expect.stringContaining('library chart')]);
  });

  it('warns of a dependency that the index takes to be packed and that is not', async () => {
    const repository = 'https://charts.example.org';
    const chart = {
      apiVersion: 'v2',
      name: 'bare',
      version: '1.0.0',
      dependencies: [{ name: 'common', version: '2.x', repository }],
    };
    listings.set('bare', {
      bytes: packFiles([{ path: 'bare/Chart.yaml', data: Buffer.from(JSON.stringify(chart)) }]),
      version: '1.0.0',
      dependencies: [{ name: 'common', version: '2.x', bundled: true }],
    });
    const { record, warnings } = await lab.install('one', 'bare');
    expect(record.dependencies).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining(`dependency "common" (from "${repository}") is not packed in the chart`)]);
  });

  it('gives it name, version and dependencies of the lock, whatever the verdict of the same bytes was made under', async () => {
    const bytes = await charts.read('web-1.0.0.tgz');
    listings.set('shop-front', { bytes, version: '3.1.4', dependencies: [{ name: 'helpers', version: '^0.3.0' }] });
    const { record } = await lab.install('two', 'shop-front');
    expect(record.manifest).toMatchObject({
      metadata: { name: 'shop-front', version: '3.1.4' },
      spec: { dependencies: [{ name: 'helpers', version: '^0.3.0' }] },
    });
    expect(record.dependencies).toEqual([{ name: 'helpers', range: '^0.3.0' }]);
    const key = { cluster: LOCAL_CLUSTER, namespace: 'three', name: 'mine' };
    const pin = { registry: 'charts', name: 'shop-front', version: '3.1.4', digest: digestOf(bytes) };
    expect((await manifestOf(lab.deps, key, pin)).metadata).toMatchObject({ name: 'shop-front', version: '3.1.4' });
    expect((await manifestOf(lab.deps, key, { ...pin, name: 'web', version: '1.0.0' })).metadata.name).toBe('web');
  });
});

describe('installing what is neither', () => {
  const native = (name: string, more: object = {}) =>
    packFiles([{ path: 'template.yaml', data: Buffer.from(manifestText({ name, version: '1.0.0', ...more })) }]);

  it('still refuses a template of ours under another name, or with other dependencies', async () => {
    listings.set('alias', { bytes: native('other'), version: '1.0.0', dependencies: [] });
    await expect(lab.install('four', 'alias')).rejects.toThrow('calls itself other@1.0.0');
    const bytes = native('needy', { dependencies: [{ name: 'web', version: '^1.0.0' }] });
    listings.set('needy', { bytes, version: '1.0.0', dependencies: [] });
    await expect(lab.install('four', 'needy')).rejects.toThrow('declares other dependencies');
  });

  it('says what an archive would have to hold', async () => {
    listings.set('nothing', {
      bytes: packFiles([{ path: 'a/b.txt', data: Buffer.from('x') }]),
      version: '1.0.0',
      dependencies: [],
    });
    await expect(lab.install('four', 'nothing')).rejects.toThrow('neither a Helm chart');
  });

  it('takes two charts side by side for neither', async () => {
    const data = Buffer.from('name: a\nversion: 1.0.0\n');
    const bytes = packFiles(['a', 'b'].map((dir) => ({ path: `${dir}/Chart.yaml`, data })));
    listings.set('two-charts', { bytes, version: '1.0.0', dependencies: [] });
    await expect(lab.install('four', 'two-charts')).rejects.toThrow('neither a Helm chart');
  });
});
