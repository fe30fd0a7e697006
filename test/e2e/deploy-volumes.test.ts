// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/domain/cluster.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { clusterPath, deploymentPath, secretNames, secretOf } from '../support/deploy-reads.ts';
import type { TemplateFixture } from '../support/registry-folder.ts';

/** Volumes are data: what no change and no undo may take away, and what a change that is taken back must not leave behind. */

const TEST_TIMEOUT_MS = 120_000;
jest.setTimeout(TEST_TIMEOUT_MS);

const NEVER_READY = 'example.org/store:never-ready';
const KEPT_VALUES = 'chandlery.store.kept';

const parameters = {
  type: 'object',
  properties: {
    image: { type: 'string', default: 'example.org/store:1' },
    replicas: { type: 'integer', default: 1 },
    password: { type: 'string', 'x-chandlery': { generated: 'password' } },
  },
};

/** Each replica has a volume of its own, and its data is opened by the password. */
function store(version: string, replicas: number): TemplateFixture {
  const workload = {
    ...{ image: '${image}', replicas: '${replicas}', ports: [{ name: 'store', port: 5432 }] },
    env: [{ name: 'PASSWORD', parameter: 'password' }],
    volumes: [{ name: 'data', path: '/data', persistent: { size: '1Gi', perReplica: true } }],
  };
  const properties = { ...parameters.properties, replicas: { type: 'integer', default: replicas } };
  return { name: 'store', version, spec: { type: 'workload', parameters: { ...parameters, properties }, workload } };
}

const FILES: TemplateFixture = {
  ...{ name: 'files', version: '1.0.0' },
  spec: {
    type: 'workload',
    workload: {
      image: 'example.org/files:1',
      volumes: [{ name: 'data', path: '/data', persistent: { size: '1Gi' } }],
    },
  },
};

function shop(version: string, image: string, needed: string): TemplateFixture {
  return {
    ...{ name: 'shop', version },
    dependencies: [
      { name: 'store', version: needed },
      { name: 'files', version: '^1.0.0' },
    ],
    spec: { type: 'workload', workload: { image } },
  };
}

/** The second `shop` never gets ready, and its `store` has two replicas. */
const TEMPLATES = [
  ...[store('1.0.0', 1), store('2.0.0', 2), FILES],
  ...[shop('1.0.0', 'example.org/shop:1', '^1.0.0'), shop('2.0.0', 'example.org/shop:never-ready', '^2.0.0')],
];

describeCluster('the volumes of a deployment', () => {
  let lab: DeployLab;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: TEMPLATES });
    await lab.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  /** Name and uid of each claim. */
  async function claims(namespace: string): Promise<Record<string, string>> {
    const { items } = (await lab.cluster.api.expect('GET', clusterPath('PersistentVolumeClaim', namespace))) as {
      items: KubeObject[];
    };
    return Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.uid ?? '']));
  }

  async function left(namespace: string): Promise<string[]> {
    return Object.keys(await lab.clusterState(namespace));
  }

  it.concurrent('that an earlier deployment left stay when a deploy takes its dependencies back, and only those', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'shop@1.0.0'));
    await lab.succeeded(lab.destroy(namespace, 'shop'));
    const older = await claims(namespace);
    expect(Object.keys(older)).toEqual(['data-store-0', 'files-data']);

    const failed = await lab.ended(lab.deploy(namespace, 'shop@2.0.0', { readySeconds: 3 }));
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'not_ready', step: 'wait-ready' }, warnings: [] });
    expect((await lab.api.get(`/api/v1/deployments?namespace=${namespace}`)).body.deployments).toEqual([]);
    // The second replica's volume was new.
    const made = (await lab.audit(namespace)).filter(
      ({ resource, verb }) => resource === 'persistentvolumeclaims' && verb === 'delete',
    );
    expect(made.map(({ name }) => name)).toEqual(['data-store-1']);
    expect(await claims(namespace)).toEqual(older);
    expect(await secretNames(lab, namespace)).toEqual([KEPT_VALUES]);
  });

  it.concurrent('are gone with the dependencies of a deploy that is taken back, when they came with it', async () => {
    const namespace = await lab.namespace();
    const before = await lab.clusterState(namespace);
    const failed = await lab.ended(lab.deploy(namespace, 'shop@2.0.0', { readySeconds: 3 }));
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'not_ready' }, warnings: [] });
    expect(await lab.clusterState(namespace)).toEqual(before);
  });

  it.concurrent('are gone when the first deploy fails after its StatefulSet has made them', async () => {
    const namespace = await lab.namespace();
    const before = await lab.clusterState(namespace);
    const broken = { parameters: { image: NEVER_READY, replicas: 2 }, readySeconds: 3 };
    const failed = await lab.ended(lab.deploy(namespace, 'store@1.0.0', broken));
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'not_ready' }, warnings: [] });
    const deleted = (await lab.audit(namespace)).filter(({ verb }) => verb === 'delete').map(({ name }) => name);
    expect(deleted).toEqual(expect.arrayContaining(['data-store-0', 'data-store-1']));
    expect(await lab.clusterState(namespace)).toEqual(before);
  });

  it.concurrent('stay when a deploy over those of an earlier one is cancelled, with the password that opens them', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'store@1.0.0'));
    await lab.succeeded(lab.destroy(namespace, 'store'));
    const before = await lab.clusterState(namespace);
    const id = await lab.deploy(namespace, 'store@1.0.0', { parameters: { image: NEVER_READY, replicas: 2 } });
    await lab.api.waitFor(id, ({ step }) => step === 'wait-ready');
    await lab.cancel(id);
    expect(await lab.ended(id)).toMatchObject({ state: 'cancelled', warnings: [] });
    expect(await lab.clusterState(namespace)).toEqual(before);
  });

  it.concurrent('that an upgrade added go when it fails, and those of before stay', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'store@1.0.0'));
    const before = await lab.clusterState(namespace);
    const broken = { parameters: { image: NEVER_READY, replicas: 3 }, readySeconds: 3 };
    const failed = await lab.ended(lab.upgrade(namespace, 'store', broken));
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'not_ready' }, warnings: [] });
    const made = (await lab.audit(namespace)).filter(
      ({ verb, resource }) => verb === 'delete' && resource === 'persistentvolumeclaims',
    );
    expect(made.map(({ name }) => name).sort()).toEqual(['data-store-1', 'data-store-2']);
    expect(await lab.clusterState(namespace)).toEqual(before);
  });

  it.concurrent('that are kept keep their password, which the next deployment of that name goes on with', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'store@1.0.0'));
    const first = await secretOf(lab, namespace, 'chandlery.store.v1');
    expect(first).toEqual({ password: expect.stringMatching(/^[A-Za-z0-9]{24}$/) });
    const destroyed = await lab.succeeded(lab.destroy(namespace, 'store'));
    const kept = [`PersistentVolumeClaim ${namespace}/data-store-0`, `Secret ${namespace}/${KEPT_VALUES}`];
    expect(destroyed.result).toMatchObject({ kept });
    expect(await secretNames(lab, namespace)).toEqual([KEPT_VALUES]);
    expect(await secretOf(lab, namespace, KEPT_VALUES)).toEqual(first);

    await lab.succeeded(lab.deploy(namespace, 'store@1.0.0'));
    expect(await secretOf(lab, namespace, 'chandlery.store.v1')).toEqual(first);
    // What somebody chooses anew is the newest there is, and is kept the next time.
    await lab.succeeded(lab.upgrade(namespace, 'store', { parameters: { password: 'chosen-by-a-person' } }));
    await lab.succeeded(lab.destroy(namespace, 'store'));
    expect(await secretOf(lab, namespace, KEPT_VALUES)).toEqual({ password: 'chosen-by-a-person' });
    await lab.succeeded(lab.deploy(namespace, 'store@1.0.0', { parameters: { password: 'given-with-the-request' } }));
    expect(await secretOf(lab, namespace, 'chandlery.store.v1')).toEqual({ password: 'given-with-the-request' });
    await lab.succeeded(lab.destroy(namespace, 'store', { deleteVolumes: true }));
    expect(await left(namespace)).toEqual(['RoleBinding/test-user']);
    expect((await lab.api.get(deploymentPath(namespace, 'store'))).status).toBe(404);
  });
});
