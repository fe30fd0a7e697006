import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createRegistrySet, type OpenRegistrySet } from '../../src/adapters/registries/registry-set.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import { type ActivityLab, openActivityLab } from '../support/activity-lab.ts';
import { type ChartRepository, createChartRepository, type FileServer, serveFiles } from '../support/chart-repository.ts';
import { openGitLab } from '../support/git/lab.ts';
import { TestRepository } from '../support/git/repository.ts';

/** A chart in git as people keep them: it names its dependency, and `charts/` is left out of the repository. */

const git = openGitLab();
let charts: ChartRepository;
let files: FileServer;
let client: GuardedClient;
let repository: TestRepository;
let set: OpenRegistrySet;
let lab: ActivityLab;

beforeAll(async () => {
  charts = await createChartRepository({ name: 'cache', version: '7.2.5' }, { name: 'cache', version: '8.0.0' });
  files = await serveFiles(charts.dir);
  client = createGuardedClient({ development: true, allow: [] });
  repository = new TestRepository();
  const dependencies = [
    { name: 'cache', version: '~7.2', repository: `${files.url}/` },
    { name: 'common', version: '2.x.x', repository: `${files.url}/` },
  ];
  repository.commit({
    'web/Chart.yaml': JSON.stringify({ apiVersion: 'v2', name: 'web', version: '1.0.0', dependencies }),
    'web/charts/common/Chart.yaml': 'apiVersion: v2\nname: common\nversion: 2.1.0\n',
    'web/values.yaml': 'replicas: 1\n',
  });
  const config = { name: 'repo', kind: 'git', type: 'private', url: repository.url } as const;
  set = createRegistrySet({ registries: [config], problems: [] }, { client, git: git.git });
  lab = await openActivityLab(set.get('repo'));
  lab.deps.registries = { all: [], get: (name) => set.get(name), default: set.get('repo'), local: undefined };
}, 300_000);
afterAll(async () => {
  await lab?.close();
  await set?.close();
  await client?.close();
  await files?.close();
  await charts?.remove();
  await git.close();
  repository?.remove();
}, 60_000);

const configureCharts = () =>
  set.use({
    registries: [{ config: { name: 'stable', kind: 'helm', type: 'community', url: files.url }, revision: '1' }],
    problems: [],
  });
const forgetCharts = () => set.use({ registries: [], problems: [] });

describe('a chart in git whose dependency lies in a Helm repository', () => {
  it('is installed alone, with a warning, where that repository is not configured: nothing is fetched from there', async () => {
    const { record, warnings } = await lab.install('alone', 'web');
    expect(record.dependencies).toEqual([]);
    expect(warnings).toEqual([
      `web: dependency "cache" (from "${files.url}/") is not packed in the chart, and is not installed with it: the chart cannot be rendered without it`,
    ]);
    expect(files.seen).toEqual([]);
  });

  it('is installed with it, without a warning, once that repository is configured', async () => {
    configureCharts();
    try {
      const { record, warnings } = await lab.install('both', 'web');
      expect(record.dependencies).toEqual([{ name: 'cache', range: '~7.2' }]);
      expect(record.manifest.spec.dependencies).toEqual([{ name: 'cache', version: '~7.2', registry: 'stable' }]);
      expect(warnings).toEqual([]);
      const cache = await lab.store.installs.get(LOCAL_CLUSTER, 'both', 'cache');
      expect(cache).toMatchObject({ version: '7.2.5', registry: 'stable' });
    } finally {
      forgetCharts();
    }
  });

  it('shows it while that repository is configured, and no longer than that', async () => {
    const shown = async () => (await set.get('repo').getTemplate('web')).manifest.spec.dependencies;
    const listed = async () => (await set.get('repo').listVersions('web'))[0]?.dependencies;
    const common = { name: 'common', version: '2.x.x', bundled: true };
    expect([await shown(), await listed()]).toEqual([undefined, [common]]);
    configureCharts();
    const cache = { name: 'cache', version: '~7.2', registry: 'stable' };
    expect([await shown(), await listed()]).toEqual([[cache], [common, cache]]);
    expect((await set.get('repo').getTemplate('web')).packedDependencies).toEqual([common]);
    forgetCharts();
    expect([await shown(), await listed()]).toEqual([undefined, [common]]);
  });
});
