// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { deploymentOf, deploymentPath, revisionsOf } from '../support/deploy-reads.ts';
import { configMap, manifestFiles } from '../support/deploy-templates.ts';
import type { TemplateFixture } from '../support/registry-folder.ts';

/** What becomes of a dependency that was deployed for a deployment, over the deployment's whole life. */

const NEVER_READY = 'example.org/shop:never-ready';
const parameters = {
  type: 'object',
  properties: { image: { type: 'string', default: 'example.org/shop:1' }, message: { type: 'string', default: 'hello' } },
};
const kept = {
  ...configMap('archive', { message: '${message}' }),
  metadata: { name: 'archive', annotations: { 'chandlery.dev/keep': 'true' } },
};

function workload(name: string, version: string, dependencies: TemplateFixture['dependencies'] = []): TemplateFixture {
  const spec = { type: 'workload', parameters, workload: { image: '${image}', env: [{ name: 'MESSAGE', value: '${message}' }] } };
  return { name, version, dependencies, spec };
}

const NEEDS_CACHE = [{ name: 'cache', version: '^1.0.0' }];
const TEMPLATES: TemplateFixture[] = [
  workload('cache', '1.0.0'),
  workload('shop', '1.0.0', NEEDS_CACHE),
  workload('blog', '1.0.0', NEEDS_CACHE),
  { name: 'ledger', version: '1.0.0', spec: { parameters }, files: manifestFiles(configMap('ledger', { a: 'b' }), kept) },
];

describeCluster('a dependency that was deployed for another deployment', () => {
  let lab: DeployLab;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: TEMPLATES });
    await lab.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  it.concurrent('still belongs to it after an upgrade and a rollback, and goes with it', async () => {
    const namespace = await lab.namespace();
    const owned = { dependencies: [{ namespace, name: 'cache', template: 'cache', range: '^1.0.0', owned: true }] };
    await lab.succeeded(lab.deploy(namespace, 'shop'));
    await lab.succeeded(lab.upgrade(namespace, 'shop', { parameters: { message: 'bye' } }));
    expect(await deploymentOf(lab.api, namespace, 'shop')).toMatchObject({ revision: 2, ...owned });
    await lab.succeeded(lab.rollback(namespace, 'shop'));
    expect(await deploymentOf(lab.api, namespace, 'shop')).toMatchObject({ revision: 3, ...owned });
    const refused = await lab.ended(lab.destroy(namespace, 'cache'));
    expect(refused).toMatchObject({ state: 'failed', failure: { code: 'in_use' } });
    const done = await lab.succeeded(lab.destroy(namespace, 'shop'));
    expect(done).toMatchObject({ warnings: [], result: { dependencies: ['cache'] } });
    expect((await lab.api.get(deploymentPath(namespace, 'cache'))).status).toBe(404);
  });

  it.concurrent('is deployed once for two that need it at the same moment, and stays until both are gone', async () => {
    const namespace = await lab.namespace();
    // Both have planned to deploy it before either begins to.
    const hold = await lab.holds.hold(namespace, 'plan', 'after');
    const parents = await Promise.all([lab.deploy(namespace, 'shop'), lab.deploy(namespace, 'blog')]);
    const planned = (id: string) => lab.api.waitFor(id, ({ step }) => step === 'plan');
    await Promise.all([hold.reached(), ...parents.map(planned)]);
    await hold.release();
    const [shop, blog] = await Promise.all(parents.map((id) => lab.succeeded(id)));
    expect([shop?.warnings, blog?.warnings]).toEqual([[], []]);
    const made = (await lab.audit(namespace)).filter(({ created, resource }) => created && resource === 'deployments');
    expect(made.map(({ name }) => name).sort()).toEqual(['blog', 'cache', 'shop']);
    expect(await revisionsOf(lab.api, namespace, 'cache')).toHaveLength(1);
    const { owner, dependents } = (await deploymentOf(lab.api, namespace, 'cache')) as { owner?: string; dependents: unknown[] };
    expect(['shop', 'blog']).toContain(owner);
    const of = (name: string) => ({ namespace, name, owned: name === owner });
    expect(dependents).toEqual(expect.arrayContaining([of('shop'), of('blog')]));

    // It was deployed for the first, and the other stands on it all the same.
    const other = owner === 'shop' ? 'blog' : 'shop';
    expect((await lab.succeeded(lab.destroy(namespace, owner ?? ''))).result).toMatchObject({ dependencies: [] });
    expect(await deploymentOf(lab.api, namespace, 'cache')).toMatchObject({ state: 'ready', dependents: [of(other)] });
    await lab.succeeded(lab.destroy(namespace, other));
    await lab.succeeded(lab.destroy(namespace, 'cache'));
  });

  it.concurrent('stays with a failure that is kept, without a warning', async () => {
    const namespace = await lab.namespace();
    const body = { parameters: { image: NEVER_READY }, readySeconds: 1, keepFailed: true };
    const failed = await lab.ended(lab.deploy(namespace, 'shop', body));
    expect(failed.warnings).toEqual(['revision 1 was left as it is, failed, because keepFailed was asked for']);
    expect(await deploymentOf(lab.api, namespace, 'cache')).toMatchObject({
      state: 'ready',
      dependents: [{ name: 'shop', owned: true }],
    });
    await lab.succeeded(lab.destroy(namespace, 'shop'));
    expect((await lab.api.get(deploymentPath(namespace, 'cache'))).status).toBe(404);
  });

  it.concurrent('goes when the deployment fails', async () => {
    const namespace = await lab.namespace();
    const before = await lab.clusterState(namespace);
    const failed = await lab.ended(lab.deploy(namespace, 'shop', { parameters: { image: NEVER_READY }, readySeconds: 1 }));
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'not_ready' }, warnings: [] });
    expect((await lab.api.get(`/api/v1/deployments?namespace=${namespace}`)).body.deployments).toEqual([]);
    expect(await lab.clusterState(namespace)).toEqual(before);
  });

  it.concurrent('while what asks to be kept outlives its deployment', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'ledger'));
    const done = await lab.succeeded(lab.destroy(namespace, 'ledger'));
    expect(done.result).toMatchObject({ deleted: 1, kept: [`ConfigMap ${namespace}/archive`] });
    expect(Object.keys(await lab.clusterState(namespace))).toEqual(['ConfigMap/archive', 'RoleBinding/test-user']);
  });
});
