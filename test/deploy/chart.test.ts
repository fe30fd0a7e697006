import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { parseSeed, type Seeded } from '../../src/domain/sources/seed.ts';
import { acquireHelm } from '../../tools/local-cluster/programs.ts';
import { readPage } from '../docs/support/pages.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster, sharedCluster, type TestCluster } from '../support/cluster.ts';

const CHART = join(PACKAGE_ROOT, 'deploy/chart');
const MAIN = join(PACKAGE_ROOT, 'src/cli/main.ts');
const HOOKS = new URL('../embedded/support/typescript-hooks.mjs', import.meta.url).href;
const URL_A = 'https://a.example/m.json';
const URL_B = 'https://b.example/m.json';
const run = promisify(execFile);

interface Rendered {
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: looked into freely
  [member: string]: any;
}

interface Entry {
  name: string;
  url: string;
  displayName?: string;
  namespace?: string;
}

describeCluster('the chart', () => {
  let cluster: TestCluster;
  let program: string;
  let dir: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'chandlery-chart-'));
    const log = () => undefined;
    const cacheDir = process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
    [cluster, program] = await Promise.all([sharedCluster(), acquireHelm({ cacheDir, env: process.env, log })]);
  }, CLUSTER_TIMEOUT_MS + 300_000);

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  async function helm(...words: string[]): Promise<string> {
    const env = { PATH: process.env.PATH, HOME: dir, KUBECONFIG: cluster.kubeconfig };
    return (await run(program, words, { env, maxBuffer: 16 * 1024 * 1024 })).stdout;
  }

  const values = (entries: Entry[]) => ['--set-json', `marketplaceSources=${JSON.stringify(entries)}`];

  async function render(namespace: string, ...words: string[]): Promise<Rendered[]> {
    const text = await helm('template', 'market', CHART, '-n', namespace, ...words);
    return parseAllDocuments(text).flatMap((document) => (document.toJS() as Rendered | null) ?? []);
  }

  const namesOf = (objects: Rendered[]) =>
    objects.map(({ kind, metadata: { name, namespace } }) => `${kind} ${namespace ?? ''}/${name}`).toSorted();

  describe('rendered', () => {
    it('passes the linter', async () => {
      expect(await helm('lint', '--strict', CHART)).toContain('0 chart(s) failed');
    });

    it('has the source of the reference by default', async () => {
      const { marketplaceSources } = parse(readPage('deploy/chart/values.yaml'));
      expect(marketplaceSources).toEqual([
        {
          name: 'agents-at-scale-marketplace',
          url: 'https://raw.githubusercontent.com/mckinsey/agents-at-scale-marketplace/main/marketplace.json',
          displayName: 'Ark Marketplace',
        },
      ]);
      const objects = await render('here');
      expect(namesOf(objects)).toEqual([
        'ClusterRole /chandlery-tenant',
        'ClusterRole /marketplace-source-editor',
        'ConfigMap here/market-chandlery-seed-sources',
        'Job here/market-chandlery-seed-sources',
        'Role here/market-chandlery-seed-sources',
        'RoleBinding here/market-chandlery-seed-sources',
        'ServiceAccount here/market-chandlery-seed-sources',
      ]);
      const seeds = objects.filter(({ kind }) => kind !== 'ClusterRole');
      for (const { metadata } of seeds) expect(metadata.annotations?.['helm.sh/hook']).toBe('post-install,post-upgrade');
    });

    it('seeds nothing, by nobody, for an empty list', async () => {
      expect((await render('here', ...values([]))).map(({ kind }) => kind)).toEqual(['ClusterRole', 'ClusterRole']);
    });

    it('gives the editor role what the contract says, and binds it to nobody', async () => {
      const objects = await render('here');
      const rule = { apiGroups: [''], resources: ['configmaps'], resourceNames: ['marketplace-sources'] };
      const rulesOf = (name: string) => objects.find(({ metadata }) => metadata.name === name)?.rules;
      expect(rulesOf('marketplace-source-editor')).toEqual([{ ...rule, verbs: ['get', 'update', 'patch'] }]);
      expect(rulesOf('chandlery-tenant')).toEqual([{ ...rule, verbs: ['get'] }]);
      expect(objects.filter(({ roleRef }) => roleRef?.kind === 'ClusterRole')).toEqual([]);
    });

    it('binds tenants where they are named', async () => {
      const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'team-a' }];
      const objects = await render('here', '--set-json', `tenants=${JSON.stringify([{ namespace: 'team-a', subjects }])}`);
      expect(objects.find(({ kind, roleRef }) => kind === 'RoleBinding' && roleRef.name === 'chandlery-tenant')).toMatchObject({
        metadata: { namespace: 'team-a' },
        subjects,
      });
    });

    it.each([
      ['http', [{ name: 'a', url: 'http://a.example' }]],
      ['a password', [{ name: 'a', url: 'https://u:p@a.example' }]],
      ['no host', [{ name: 'a', url: 'https:///a' }]],
      ['no name', [{ url: URL_A }]],
      ['a name that is no key', [{ name: 'a b', url: URL_A }]],
      ['a member that is mistyped', [{ name: 'a', url: URL_A, displayname: 'A' }]],
    ])('refuses %s', async (_what, entries) => {
      await expect(render('here', ...values(entries as Entry[]))).rejects.toThrow(/marketplaceSources/);
    });
  });

  it('ships a sample that binds the role', async () => {
    const sample = parse(readPage('samples/marketplace/marketplace-source-editor-binding.yaml'));
    expect(sample).toMatchObject({ kind: 'RoleBinding', roleRef: { kind: 'ClusterRole', name: 'marketplace-source-editor' } });
  });

  it('is installed, upgraded and removed by Helm, and leaves nothing of the seeding behind', async () => {
    const namespace = await cluster.namespace();
    const there = async () => {
      const lists = await Promise.all(
        [`/api/v1/namespaces/${namespace}/configmaps`, `/apis/batch/v1/namespaces/${namespace}/jobs`].map((path) =>
          cluster.api.expect('GET', path),
        ),
      );
      return lists
        .flatMap((list) => (list as { items: Rendered[] }).items)
        .map(({ metadata }) => metadata.name)
        .filter((name) => name !== 'kube-root-ca.crt');
    };
    await helm('install', 'market', CHART, '-n', namespace, '--wait');
    expect(await there()).toEqual([]);
    await helm('upgrade', 'market', CHART, '-n', namespace, '--wait', ...values([]));
    await helm('uninstall', 'market', '-n', namespace);
    expect(await cluster.api.request('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/chandlery-tenant')).toMatchObject({
      status: 404,
    });
  }, 60_000);

  describe('seeding', () => {
    let home: string;
    let other: string;
    const path = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/marketplace-sources`;
    const data = async (namespace: string) => {
      const { status, body } = await cluster.api.request('GET', path(namespace));
      return status === 404 ? undefined : ((body as { data?: Record<string, string> }).data ?? {});
    };
    /** As the API writes a source, and as it removes one. */
    const edit = (name: string, value: unknown) =>
      cluster.api.expect(
        'PATCH',
        `${path(home)}?fieldManager=chandlery-source-${name}&force=true`,
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'marketplace-sources' },
          data: { [name]: JSON.stringify(value) },
        },
        'application/apply-patch+yaml',
      );

    beforeAll(async () => {
      home = await cluster.namespace();
      other = await cluster.namespace();
    }, CLUSTER_TIMEOUT_MS);

    /** Runs the command with the rights, the file and the arguments that the chart gives it. */
    async function seed(entries: Entry[]): Promise<{ code: number; seeded: Seeded[]; stderr: string }> {
      const objects = await render(home, ...values(entries));
      const rank = (kind: string) => ['ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap'].indexOf(kind);
      for (const object of objects.filter(({ kind }) => rank(kind) >= 0).toSorted((a, b) => rank(a.kind) - rank(b.kind)))
        await cluster.api.apply(object as never, `${object.kind.toLowerCase()}s`);
      const job = objects.find(({ kind }) => kind === 'Job');
      const [container] = job?.spec.template.spec.containers ?? [];
      const config = objects.find(({ kind }) => kind === 'ConfigMap');
      const file = join(dir, 'sources.json');
      writeFileSync(file, config?.data['sources.json'] ?? '');
      const words = container.args.map((word: string) => (word.endsWith('/sources.json') ? file : word));
      return command(words, await kubeconfigOf(job?.spec.template.spec.serviceAccountName));
    }

    async function command(words: string[], kubeconfig: string) {
      const env = { PATH: process.env.PATH ?? '', HOME: dir, KUBECONFIG: kubeconfig };
      const outcome = await run(process.execPath, ['--import', HOOKS, MAIN, ...words, '-o', 'json'], {
        env,
        cwd: PACKAGE_ROOT,
      }).then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        (error: { code: number; stdout: string; stderr: string }) => error,
      );
      return {
        code: outcome.code,
        stderr: outcome.stderr,
        seeded: JSON.parse(outcome.stdout || '{"seeded":[]}').seeded as Seeded[],
      };
    }

    async function kubeconfigOf(account: string): Promise<string> {
      const made = (await cluster.api.expect('POST', `/api/v1/namespaces/${home}/serviceaccounts/${account}/token`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: 3_600 },
      })) as { status: { token: string } };
      const file = join(dir, 'kubeconfig');
      const config = {
        clusters: [
          {
            name: 'c',
            cluster: { server: cluster.server, 'certificate-authority-data': Buffer.from(cluster.ca).toString('base64') },
          },
        ],
        users: [{ name: 'u', user: { token: made.status.token } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      };
      writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }), { mode: 0o600 });
      return file;
    }

    const applied = (namespace: string, ...names: string[]) => names.map((source) => ({ namespace, source }));

    it('writes all entries of all namespaces, with the rights that the chart gives', async () => {
      const { code, seeded, stderr } = await seed([
        { name: 'one', url: URL_A, displayName: 'One' },
        { name: 'two.x', url: URL_A },
        { name: 'three', url: URL_A },
        { name: 'one', url: URL_B, namespace: other },
      ]);
      expect([code, stderr]).toEqual([0, '']);
      expect(seeded).toEqual([...applied(home, 'one', 'two.x', 'three'), ...applied(other, 'one')]);
      expect(await data(home)).toEqual({
        one: `{"url":"${URL_A}","displayName":"One"}`,
        'two.x': `{"url":"${URL_A}"}`,
        three: `{"url":"${URL_A}"}`,
      });
      expect(await data(other)).toEqual({ one: `{"url":"${URL_B}"}` });
    });

    it('leaves what a user has changed, takes along what he has not, and prunes what is not named any more', async () => {
      await edit('two.x', { url: 'https://mine.example/m.json' });
      await edit('own', { url: 'https://own.example/m.json' });
      const { code, seeded } = await seed([
        { name: 'one', url: URL_B },
        { name: 'two.x', url: URL_B },
      ]);
      expect(code).toBe(0);
      expect(seeded).toEqual([
        { namespace: home, source: 'one' },
        { namespace: home, source: 'two.x', keptBy: 'chandlery-source-two.x' },
      ]);
      expect(await data(home)).toEqual({
        one: `{"url":"${URL_B}"}`,
        'two.x': '{"url":"https://mine.example/m.json"}',
        own: '{"url":"https://own.example/m.json"}',
      });
    });

    it('keeps what a user has set to the same, also when the entry is taken away', async () => {
      await edit('one', { url: URL_B });
      expect((await seed([{ name: 'one', url: URL_B }])).seeded).toEqual(applied(home, 'one'));
      await seed([{ name: 'last', url: URL_A }]);
      expect(Object.keys((await data(home)) ?? {}).toSorted()).toEqual(['last', 'one', 'own', 'two.x']);
    });

    it('brings back what a user has removed, as nobody owns it any more', async () => {
      await cluster.api.expect('PATCH', path(home), { data: { last: null } }, 'application/merge-patch+json');
      await seed([{ name: 'last', url: URL_A }]);
      expect(await data(home)).toHaveProperty('last');
    });

    it('leaves everything when everything was changed', async () => {
      await edit('last', { url: URL_B });
      const before = await data(home);
      expect((await seed([{ name: 'last', url: URL_A }])).seeded).toEqual([
        { namespace: home, source: 'last', keptBy: 'chandlery-source-last' },
      ]);
      expect(await data(home)).toEqual(before);
    });

    it('goes on after a namespace that refuses, and fails in the end', async () => {
      const file = join(dir, 'two.json');
      writeFileSync(
        file,
        JSON.stringify([
          { name: 'a', url: URL_A, namespace: 'no-such-namespace' },
          { name: 'b', url: URL_A },
        ]),
      );
      const { code, seeded, stderr } = await command(['seed-sources', file, '-n', home], cluster.kubeconfig);
      expect([code, seeded]).toEqual([1, applied(home, 'b')]);
      expect(stderr).toContain('namespace no-such-namespace');
      // Without the rights it is a refusal, told as such.
      const denied = await command(['seed-sources', file, '-n', home], cluster.kubeconfigFor('viewer'));
      expect(denied.code).toBe(4);
    });
  });
});

describe('a list of sources to seed', () => {
  it('is grouped by namespace', () => {
    expect(
      parseSeed(
        [
          { name: 'a', url: URL_A },
          { name: 'a', url: URL_B, namespace: 'x' },
        ],
        'here',
      ),
    ).toEqual([
      { namespace: 'here', sources: [{ name: 'a', url: URL_A, displayName: null }] },
      { namespace: 'x', sources: [{ name: 'a', url: URL_B, displayName: null }] },
    ]);
    expect(parseSeed([], 'here')).toEqual([]);
  });

  it.each([
    ['no list', {}],
    ['a text', ['a']],
    ['nothing', [null]],
    ['http', [{ name: 'a', url: 'http://x' }]],
    ['no name', [{ url: URL_A }]],
    [
      'a name twice',
      [
        { name: 'a', url: URL_A },
        { name: 'a', url: URL_B },
      ],
    ],
    ['a namespace that cannot be one', [{ name: 'a', url: URL_A, namespace: 'A B' }]],
    ['a mistyped member', [{ name: 'a', url: URL_A, displayname: 'x' }]],
  ])('is refused: %s', (_what, value) => {
    expect(() => parseSeed(value, 'here')).toFailWith('source_invalid');
  });
});
