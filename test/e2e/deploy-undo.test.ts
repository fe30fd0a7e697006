import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { KubeObject } from '../../src/domain/cluster.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { ClusterState } from '../support/cluster-state.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab, TESTER } from '../support/deploy-lab.ts';
import type { HoldMoment } from '../support/holds.ts';
import {
  allowNamespaces,
  NAMESPACE_MAKERS,
  plantForeign,
  STACK,
  STACK_CLAIM,
  stackObjects,
  stackTemplates,
} from '../support/twenty-objects.ts';

const OBJECTS = 20;
/** Namespaces that are worked in at once; each takes every fourth object, in an own copy of the template. */
const LANES = ['undo-a', 'undo-b', 'undo-c', 'undo-d'];
const TEST_TIMEOUT_MS = 180_000;

describeCluster('a deployment of 20 objects that fails', () => {
  let deploy: DeployLab;

  beforeAll(async () => {
    const groups = [...TESTER.groups, NAMESPACE_MAKERS].join(',');
    deploy = await openDeployLab({ templates: LANES.flatMap(stackTemplates), env: { CHANDLERY_ADMIN_GROUPS: groups } });
    await allowNamespaces(deploy.cluster.api);
    await deploy.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => deploy?.close(), 60_000);

  interface Lane {
    suffix: string;
    namespace: string;
  }

  async function pictureOf({ suffix, namespace }: Lane): Promise<ClusterState> {
    const wide = await deploy.camera.clusterWide(({ metadata }: KubeObject) => metadata.name.includes(suffix));
    return { ...wide, ...(await deploy.clusterState(namespace)) };
  }

  async function freshLanes(): Promise<Lane[]> {
    const lanes = await Promise.all(LANES.map(async (suffix) => ({ suffix, namespace: await deploy.namespace() })));
    for (const { namespace } of lanes) await plantForeign(deploy.cluster.api, namespace);
    return lanes;
  }

  function firstDeploy({ suffix, namespace }: Lane): Promise<string> {
    return deploy.deploy(namespace, `${STACK}-${suffix}@1.0.0`, { name: STACK });
  }

  function upgrade({ namespace }: Lane): Promise<string> {
    return deploy.upgrade(namespace, STACK, { version: '2.0.0' });
  }

  /** Lets the change fail at one object and expects the cluster to be as before. */
  async function failAt(lane: Lane, object: string, moment: HoldMoment, before: ClusterState, start: typeof upgrade) {
    const step = `apply.${object}`;
    await deploy.holds.fail(lane.namespace, step, moment, 'object_invalid');
    const operation = await deploy.ended(start(lane));
    expect(operation).toMatchObject({ state: 'failed', failure: { code: 'object_invalid', step: 'apply' }, warnings: [] });
    expect(operation.failure?.message).toContain(step);
    expect(operation.steps.find(({ name }) => name === 'apply')).toMatchObject({ state: 'failed', undone: true });
    expect({ object, state: await pictureOf(lane) }).toEqual({ object, state: before });
  }

  /** At how many of the objects the cluster was as before, and how many deletes met what is not ours. */
  async function failAtEach(lanes: Lane[], version: 1 | 2, start: typeof upgrade) {
    const outcome = { equal: 0, foreignDeleted: 0 };
    const inLane = async (lane: Lane, first: number) => {
      const before = await pictureOf(lane);
      const objects = stackObjects(version, lane.suffix);
      expect(objects).toHaveLength(OBJECTS);
      for (let at = first; at < OBJECTS; at += lanes.length) {
        // Most fail when the object is there already: the harder half to take back.
        await failAt(lane, objects[at] ?? '', Math.floor(at / lanes.length) % 4 === 3 ? 'before' : 'after', before, start);
        outcome.equal += 1;
      }
      outcome.foreignDeleted += await foreignDeletes(lane);
    };
    // All lanes to their end, so that one that fails leaves nothing running below the next test.
    const ends = await Promise.allSettled(lanes.map(inLane));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return outcome;
  }

  async function foreignDeletes({ suffix, namespace }: Lane): Promise<number> {
    const objects = [...stackObjects(1, suffix), ...stackObjects(2, suffix)];
    const ours = new Set([STACK_CLAIM, ...objects.map((object) => object.slice(object.indexOf('.') + 1))]);
    const deletes = (await deploy.audit(namespace)).filter(({ verb }) => verb.startsWith('delete'));
    return deletes.filter(({ name }) => !ours.has(name) && !name.startsWith(`chandlery.${STACK}.v`)).length;
  }

  function tell(what: string, { equal, foreignDeleted }: { equal: number; foreignDeleted: number }): void {
    process.stdout.write(`${what}: ${equal}/${OBJECTS} equal to before; objects not ours deleted: ${foreignDeleted}\n`);
  }

  it(
    'failure injected at each object of a 20-object deployment leaves the cluster equal to before: 20/20; objects not ours deleted: 0',
    async () => {
      const lanes = await freshLanes();
      const outcome = await failAtEach(lanes, 1, firstDeploy);
      expect(outcome).toEqual({ equal: OBJECTS, foreignDeleted: 0 });
      for (const { namespace } of lanes)
        expect((await deploy.api.get(`/api/v1/deployments/local.${namespace}.${STACK}`)).status).toBe(404);
      tell(`failure injected at each of ${OBJECTS} objects`, outcome);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'failure injected at each object of an upgrade of 20 objects leaves the previous revision: 20/20; objects not ours deleted: 0',
    async () => {
      const lanes = await freshLanes();
      for (const operation of await Promise.all(lanes.map(firstDeploy))) await deploy.succeeded(operation);
      const outcome = await failAtEach(lanes, 2, upgrade);
      expect(outcome).toEqual({ equal: OBJECTS, foreignDeleted: 0 });
      for (const { namespace } of lanes) {
        const { body } = await deploy.api.get(`/api/v1/deployments/local.${namespace}.${STACK}`);
        expect(body).toMatchObject({ state: 'ready', revision: 1, template: { version: '1.0.0' } });
      }
      tell(`failure injected at each of ${OBJECTS} objects of an upgrade`, outcome);
    },
    TEST_TIMEOUT_MS,
  );
});
