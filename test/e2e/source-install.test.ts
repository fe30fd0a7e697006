import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { ApiClient } from '../../tools/lab/api-client.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { clusterPath } from '../support/deploy-reads.ts';
import { type MarketplaceServer, startMarketplace } from '../support/marketplace-server.ts';
import { openHelm } from '../support/oci/push.ts';
import { type OciServer, ROBOT, startDistribution } from '../support/oci/server.ts';

/** Items of a namespace's source, installed by reference: a real cluster, two of its users, and charts pushed by real Helm. */

const TEST_TIMEOUT_MS = 90_000;
const STRANGER = 'stranger';

describeCluster('an item of a namespace source', () => {
  let dir: string;
  let oci: OciServer;
  let marketplace: MarketplaceServer;
  let lab: DeployLab;
  /** Somebody whom Chandlery lets install everywhere, and whom the cluster lets nothing. */
  let stranger: ApiClient;
  const digests = new Map<string, string>();

  beforeAll(async () => {
    [oci, marketplace, dir] = await Promise.all([
      startDistribution({ auth: 'basic', tls: true }),
      startMarketplace(),
      mkdtemp(join(tmpdir(), 'chandlery-sources-')),
    ]);
    const helm = await openHelm(oci.host, ROBOT, oci.ca);
    for (const [path, name, version] of [
      ['charts', 'redis', '1.2.0'],
      ['charts', 'memory', '0.3.0'],
      ['private', 'hidden', '1.0.0'],
    ] as const) {
      const archive = await helm.push(path, { name, version, chart: `description: The chart ${name}.\n` });
      digests.set(name, `sha256:${createHash('sha256').update(archive).digest('hex')}`);
      marketplace.items.push({ name, version, ark: { chartPath: `oci://${oci.host}/${path}/${name}` } });
    }
    const chartPath = `oci://${oci.host}/charts/memory`;
    marketplace.items.push({ name: 'agents', version: '0.3.0', ark: { chartPath, dependencies: ['redis'] } });
    await helm.close();
    const authorities = join(dir, 'authorities.pem');
    await writeFile(authorities, `${marketplace.ca}${await readFile(oci.ca ?? '', 'utf8')}`);
    lab = await openDeployLab({
      registries: [
        { name: 'images', url: `oci://${oci.host}/charts`, entry: { kind: 'oci', credentials: { type: 'basic', ...ROBOT } } },
      ],
      env: { NODE_EXTRA_CA_CERTS: authorities, CHANDLERY_OUTBOUND_ALLOW: '127.0.0.1/32' },
    });
    await lab.startWorker();
    const roles = [{ role: 'operator', namespace: '*' }];
    const { body } = await lab.api.call('POST', '/api/v1/tokens', { user: STRANGER, groups: [], roles });
    stranger = new ApiClient(lab.api.url, body.token);
  }, 2 * CLUSTER_TIMEOUT_MS);

  afterAll(async () => {
    await lab?.close();
    await marketplace?.close();
    await oci?.close();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  /** A namespace in which the tester has these sources. */
  async function withSources(sources: Record<string, string>): Promise<string> {
    const namespace = await lab.namespace();
    for (const [name, url] of Object.entries(sources)) {
      const { status } = await lab.api.call('POST', `/api/v1/namespaces/${namespace}/marketplace-sources`, { name, url });
      expect(status).toBe(201);
    }
    return namespace;
  }

  const remove = async (namespace: string, source: string) =>
    expect((await lab.api.call('DELETE', `/api/v1/namespaces/${namespace}/marketplace-sources/${source}`)).status).toBe(204);

  /** By hand, as nobody could over the API. */
  const write = (namespace: string, source: string, value: unknown) =>
    lab.cluster.api.expect(
      'PATCH',
      clusterPath('ConfigMap', namespace, 'marketplace-sources'),
      { data: { [source]: JSON.stringify(value) } },
      'application/merge-patch+json',
    );

  const installsOf = async (
    namespace: string,
  ): Promise<Array<{ name: string; registry: string; version: string; digest: string }>> =>
    (await lab.api.get(`/api/v1/installs?namespace=${namespace}`)).body.installs;

  async function failureOf(namespace: string, ref: string, api = lab.api) {
    const operation = await lab.ended(await api.install(namespace, ref));
    expect(operation.state).toBe('failed');
    expect(await installsOf(namespace)).toEqual([]);
    return operation.failure;
  }

  it(
    'is installed with what it needs, from the same source, by the bytes that the OCI registry has',
    async () => {
      const namespace = await withSources({ partner: marketplace.url });
      const registry = `source:${namespace}/partner`;
      const operation = await lab.succeeded(lab.api.install(namespace, `${registry}/agents`));
      expect(operation.steps.find(({ name }) => name === 'resolve-dependencies')?.detail).toBe(
        `${registry}/redis@1.2.0, ${registry}/agents@0.3.0`,
      );
      expect((await installsOf(namespace)).sort((a, b) => (a.name < b.name ? -1 : 1))).toMatchObject([
        { name: 'agents', version: '0.3.0', registry, digest: digests.get('memory') },
        { name: 'redis', version: '1.2.0', registry, digest: digests.get('redis') },
      ]);
      const { templates } = (operation.result as { lock: { templates: unknown[] } }).lock;
      expect(templates[0]).toMatchObject({ digest: digests.get('redis'), origin: { chart: `oci://${oci.host}/charts/redis` } });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'is installed by the CLI, into another namespace, by a version that is named',
    async () => {
      const from = await withSources({ 'partner.v2_x': marketplace.url });
      const into = await lab.namespace();
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [join(PACKAGE_ROOT, 'dist', 'src', 'cli', 'main.js'), 'install', `source:${from}/partner.v2_x/redis@^1.0.0`, '-n', into],
        { env: { PATH: process.env.PATH, CHANDLERY_URL: lab.api.url, CHANDLERY_TOKEN: lab.api.token } },
      );
      expect(stdout).toContain('succeeded');
      expect(await installsOf(into)).toMatchObject([{ name: 'redis', version: '1.2.0', digest: digests.get('redis') }]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'is for those only who may read the source in the cluster',
    async () => {
      const namespace = await withSources({ partner: marketplace.url });
      const before = marketplace.asked;
      const missing = { verb: 'get', resource: 'configmaps', namespace, name: 'marketplace-sources' };
      expect(await failureOf(namespace, `source:${namespace}/partner/redis`, stranger)).toMatchObject({
        code: 'forbidden',
        step: 'resolve-dependencies',
        message: expect.stringContaining(STRANGER),
        details: { missing: [missing] },
      });
      const plan = await stranger.call('POST', '/api/v1/plans', { namespace, ref: `source:${namespace}/partner/redis` });
      expect(plan).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      expect(marketplace.asked).toBe(before);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'which is not there is refused with the names of those that are',
    async () => {
      const namespace = await withSources({ partner: marketplace.url });
      expect(await failureOf(namespace, `source:${namespace}/partners/redis`)).toMatchObject({
        code: 'source_not_found',
        details: { alternatives: ['partner'] },
      });
      expect(await failureOf(namespace, `source:${namespace}/partner/redi`)).toMatchObject({
        code: 'template_not_found',
        details: { alternatives: expect.arrayContaining(['redis']) },
      });
      expect(await failureOf(namespace, `source:${namespace}/partner/redis@^9.0.0`)).toMatchObject({ code: 'version_not_found' });
      const { status, body } = await lab.api.call('POST', '/api/v1/installs', { namespace, ref: 'source:partner/redis' });
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_reference' });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'of a source that cannot be called is refused by the rules for sources',
    async () => {
      const namespace = await withSources({
        closed: 'https://127.0.0.1:1/marketplace.json',
        metadata: 'https://169.254.169.254/marketplace.json',
      });
      await write(namespace, 'plain', { url: 'http://127.0.0.1:1/marketplace.json' });
      await write(namespace, 'broken', 'no object');
      const codeOf = async (source: string) => (await failureOf(namespace, `source:${namespace}/${source}/redis`))?.code;
      expect(await codeOf('closed')).toBe('registry_unavailable');
      expect(await codeOf('metadata')).toBe('outbound_denied');
      expect(await codeOf('plain')).toBe('source_invalid');
      expect(await codeOf('broken')).toBe('source_invalid');
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "gets no credential of the server's for charts beyond the paths that are configured",
    async () => {
      const namespace = await withSources({ partner: marketplace.url });
      expect(await failureOf(namespace, `source:${namespace}/partner/hidden`)).toMatchObject({ code: 'authentication' });
    },
    TEST_TIMEOUT_MS,
  );

  describe('when the source is removed in the middle', () => {
    it(
      'is installed as it was resolved',
      async () => {
        const namespace = await withSources({ partner: marketplace.url });
        const hold = await lab.holds.hold(namespace, 'authenticate', 'before');
        const id = await lab.api.install(namespace, `source:${namespace}/partner/memory`);
        await hold.reached();
        await remove(namespace, 'partner');
        const before = marketplace.asked;
        await hold.release();
        await lab.succeeded(id);
        expect(await installsOf(namespace)).toMatchObject([{ name: 'memory', digest: digests.get('memory') }]);
        expect(marketplace.asked).toBe(before);
      },
      TEST_TIMEOUT_MS,
    );

    it(
      'is installed by a replay, from what was resolved then',
      async () => {
        const namespace = await withSources({ partner: marketplace.url });
        await lab.holds.fail(namespace, 'authenticate', 'before', 'outbound_denied');
        const failed = await lab.ended(lab.api.install(namespace, `source:${namespace}/partner/redis`));
        expect(failed).toMatchObject({ state: 'failed', step: 'authenticate' });
        await remove(namespace, 'partner');
        const replayed = await lab.succeeded(lab.api.replay(failed.id));
        expect(replayed.steps.find(({ name }) => name === 'resolve-dependencies')).toMatchObject({ kept: true });
        expect(await installsOf(namespace)).toMatchObject([{ name: 'redis', digest: digests.get('redis') }]);
      },
      TEST_TIMEOUT_MS,
    );
  });

  it(
    'is fetched for a plan and installed for a deployment by the same reference, as far as charts go today',
    async () => {
      const namespace = await withSources({ partner: marketplace.url });
      const ref = `source:${namespace}/partner/redis`;
      const plan = await lab.api.call('POST', '/api/v1/plans', { namespace, ref });
      expect(plan).toMatchObject({ body: { code: 'type_unsupported' } });
      const deployed = await lab.ended(lab.deploy(namespace, ref));
      expect(deployed).toMatchObject({ state: 'failed', step: 'render', failure: { code: 'type_unsupported' } });
      expect(await installsOf(namespace)).toMatchObject([{ name: 'redis', registry: `source:${namespace}/partner` }]);
      const upgrade = await lab.succeeded(lab.api.install(namespace, 'redis'));
      expect(upgrade.steps.find(({ name }) => name === 'resolve-dependencies')?.detail).toBe(`${ref}@1.2.0`);
    },
    TEST_TIMEOUT_MS,
  );
});
