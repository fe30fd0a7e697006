import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OperationView, StepView } from '../../src/domain/operation.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { deploymentOf, deploymentPath, objectOf, planned, plannedObject, revisionsOf, stepOf } from '../support/deploy-reads.ts';
import { configMap, manifestFiles, NOTES } from '../support/deploy-templates.ts';
import type { TemplateFixture } from '../support/registry-folder.ts';

/** What the simulated nodes do is in the image's name. */
const NEVER_READY = 'example.org/never-ready:1';
const CRASH_LOOP = 'example.org/crash-loop:1';
const SLOW = 'example.org/slow:1';
/** Beside its own pause a step has this long, on a busy machine, milliseconds. */
const OVERHEAD_MS = 5_000;

/** Definitions belong to the whole cluster: each run has its own. */
const GROUP = `g${randomBytes(4).toString('hex')}.example.org`;
const DEFINITION = {
  ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `sails.${GROUP}` } },
  spec: {
    ...{ group: GROUP, scope: 'Namespaced', names: { plural: 'sails', singular: 'sail', kind: 'Sail', listKind: 'SailList' } },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { area: { type: 'integer', minimum: 1 } } } },
          },
        },
      },
    ],
  },
};
const sail = (area: number) => ({ apiVersion: `${GROUP}/v1`, kind: 'Sail', metadata: { name: 'jib' }, spec: { area } });

const TEMPLATES: TemplateFixture[] = [
  ...NOTES,
  { name: 'job', version: '1.0.0', spec: { type: 'workload', workload: { image: CRASH_LOOP, runOnce: true, retries: 0 } } },
  { name: 'sails', version: '1.0.0', files: manifestFiles(sail(20), configMap('rig', {}), DEFINITION) },
  { name: 'sails', version: '2.0.0', files: manifestFiles(sail(0), configMap('rig', {}), DEFINITION) },
];

describeCluster('waiting for readiness', () => {
  let lab: DeployLab;
  /** May make definitions. */
  let admin: ApiClient;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: TEMPLATES });
    const env = {
      ...{ CHANDLERY_ADMIN_TOKEN_FILE: join(lab.lab.dir, 'second-token') },
      ...{ CHANDLERY_ADMIN_USER: 'root', CHANDLERY_ADMIN_GROUPS: 'chandlery:admins' },
    };
    const [second] = await Promise.all([lab.lab.startApi({ env }), lab.startWorker()]);
    admin = second.client;
  }, CLUSTER_TIMEOUT_MS);

  afterAll(async () => {
    await lab?.cluster.api.request('DELETE', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sails.${GROUP}`);
    await lab?.close();
  }, 60_000);

  async function notes(parameters: Record<string, unknown> = {}): Promise<string> {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0', { parameters }));
    return namespace;
  }

  const image = async (namespace: string) => {
    const { spec } = await objectOf(lab, 'Deployment', namespace, 'notes');
    return spec.template.spec.containers[0].image;
  };

  describe('of a first deploy', () => {
    it.concurrent('that never gets ready ends in time, with object, reason and last events, and is removed again', async () => {
      const namespace = await lab.namespace();
      const before = await lab.clusterState(namespace);
      const id = await lab.deploy(namespace, 'notes@1.0.0', { parameters: { image: NEVER_READY }, readySeconds: 4 });
      const waiting = await lab.api.waitFor(id, (operation) => /Deployment notes/.test(waitingOf(operation)));
      expect(waiting).toMatchObject({ state: 'running', step: 'wait-ready' });
      expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({ state: 'deploying', revision: 0 });
      await lab.api.waitFor(id, (operation) => /ImagePull/.test(waitingOf(operation)));

      const operation = await lab.ended(id);
      expect(operation).toMatchObject({
        state: 'failed',
        step: 'wait-ready',
        failure: {
          code: 'not_ready',
          message: expect.stringMatching(
            new RegExp(`^Deployment ${namespace}/notes did not get ready: .*ImagePull.*never-ready`),
          ),
          guidance: expect.stringContaining('reason'),
          details: {
            object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'notes' },
            reason: expect.stringMatching(/ImagePull/),
            events: expect.arrayContaining([
              expect.objectContaining({ type: 'Warning', object: expect.stringContaining('Pod'), message: expect.any(String) }),
            ]),
          },
        },
      });
      const took = durationOf(stepOf(operation, 'wait-ready'));
      // The time counts from the end of the apply, which the step's own begin follows.
      expect(took).toBeGreaterThan(3_000);
      expect(took).toBeLessThan(4_000 + OVERHEAD_MS);
      expect(stepOf(operation, 'wait-ready')).toMatchObject({ attempt: 1, attempts: [{ outcome: 'not_ready' }] });
      expect(stepOf(operation, 'apply')).toMatchObject({ undone: true });
      expect(await lab.clusterState(namespace)).toEqual(before);
      expect((await lab.api.get(deploymentPath(namespace, 'notes'))).status).toBe(404);
      expect((await lab.api.get(`/api/v1/installs?namespace=${namespace}`)).body.installs).toHaveLength(1);
    });

    it.concurrent('that crashes again and again fails fast, with the last lines of its log', async () => {
      const namespace = await lab.namespace();
      const operation = await lab.ended(lab.deploy(namespace, 'notes@1.0.0', { parameters: { image: CRASH_LOOP } }));
      expect(operation).toMatchObject({
        state: 'failed',
        failure: {
          code: 'not_ready',
          message: expect.stringContaining('CrashLoopBackOff'),
          details: {
            reason: 'CrashLoopBackOff',
            log: { container: 'notes', lines: expect.arrayContaining([expect.any(String)]) },
          },
        },
      });
      // Long before the five minutes that it would have.
      expect(durationOf(stepOf(operation, 'wait-ready'))).toBeLessThan(30_000);
      expect((await lab.api.get(deploymentPath(namespace, 'notes'))).status).toBe(404);
    });

    it.concurrent('that takes its time has as long as the request says', async () => {
      const namespace = await lab.namespace();
      const body = { parameters: { image: SLOW } };
      const hasty = await lab.ended(lab.deploy(namespace, 'notes@1.0.0', { ...body, readySeconds: 1 }));
      expect(hasty).toMatchObject({ state: 'failed', failure: { code: 'not_ready' } });
      expect(durationOf(stepOf(hasty, 'wait-ready'))).toBeLessThan(1_000 + OVERHEAD_MS);
      const patient = await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0', { ...body, readySeconds: 30 }));
      expect(durationOf(stepOf(patient, 'wait-ready'))).toBeGreaterThan(2_000);
    });

    it.concurrent('whose job fails is removed again', async () => {
      const namespace = await lab.namespace();
      const before = await lab.clusterState(namespace);
      const operation = await lab.ended(lab.deploy(namespace, 'job'));
      expect(operation).toMatchObject({
        state: 'failed',
        failure: { code: 'not_ready', details: { object: { kind: 'Job', namespace }, reason: 'BackoffLimitExceeded' } },
      });
      expect(operation.failure?.message).toMatch(/^Job .* did not get ready: .*exit code 1/);
      expect(await lab.clusterState(namespace)).toEqual(before);
    });

    it.concurrent('is left as it is with keepFailed, and a later upgrade mends it', async () => {
      const namespace = await lab.namespace();
      const body = { parameters: { image: NEVER_READY, message: 'kept' }, readySeconds: 1, keepFailed: true };
      const failed = await lab.ended(lab.deploy(namespace, 'notes@1.0.0', body));
      expect(failed).toMatchObject({ state: 'failed', failure: { code: 'not_ready' } });
      expect(failed.warnings).toEqual(['revision 1 was left as it is, failed, because keepFailed was asked for']);
      expect(stepOf(failed, 'apply')?.undone).not.toBe(true);
      expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({ state: 'failed', revision: 1 });
      const [left] = await revisionsOf(lab.api, namespace, 'notes');
      expect(left).toMatchObject({ number: 1, state: 'failed', failure: { code: 'not_ready' } });
      expect(await image(namespace)).toBe(NEVER_READY);

      const mended = await lab.succeeded(lab.upgrade(namespace, 'notes', { parameters: { image: 'example.org/good:1' } }));
      expect(mended.result).toMatchObject({ changed: true, revision: 2 });
      expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({ state: 'ready', revision: 2 });
      expect((await objectOf(lab, 'ConfigMap', namespace, 'notes')).data.message).toBe('kept');
    });
  });

  describe('of an upgrade that never gets ready', () => {
    it.concurrent('goes back to the last good revision by itself, and the old one serves all the time', async () => {
      const namespace = await notes();
      const before = await lab.clusterState(namespace);
      const path = deploymentPath(namespace, 'notes');
      const body = { version: '1.1.0', parameters: { image: NEVER_READY }, readySeconds: 3 };
      const id = await lab.upgrade(namespace, 'notes', body);
      await lab.api.waitFor(id, (operation) => /ImagePull/.test(waitingOf(operation)));
      const { pods } = (await lab.api.get(`${path}/resources`)).body;
      expect(pods.map(({ status }: { status: string }) => status).sort()).toEqual(['progressing', 'ready']);
      const operation = await lab.ended(id);
      expect(operation).toMatchObject({ state: 'failed', step: 'wait-ready', failure: { code: 'not_ready' } });
      expect(stepOf(operation, 'prune')).toMatchObject({ state: 'skipped' });
      expect(await lab.clusterState(namespace)).toEqual(before);
      expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({
        ...{ state: 'ready', revision: 1, template: { version: '1.0.0' } },
      });
      expect(await revisionsOf(lab.api, namespace, 'notes')).toMatchObject([
        { number: 2, state: 'undone', operation: id, failure: { code: 'not_ready' } },
        { number: 1, state: 'current' },
      ]);
      const { resources } = (await lab.api.get(`${path}/resources`)).body;
      for (const resource of resources) expect(resource.status).toBe('ready');
      const again = await lab.succeeded(lab.upgrade(namespace, 'notes', { version: '1.1.0' }));
      expect(again.result).toMatchObject({ revision: 3 });
    });

    it.concurrent('is left with keepFailed, until it is rolled back by hand', async () => {
      const namespace = await notes();
      const body = { version: '1.1.0', parameters: { image: NEVER_READY }, readySeconds: 1, keepFailed: true };
      const failed = await lab.ended(lab.upgrade(namespace, 'notes', body));
      expect(failed).toMatchObject({ state: 'failed', failure: { code: 'not_ready' } });
      expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({ state: 'failed', revision: 2 });
      expect(await image(namespace)).toBe(NEVER_READY);
      const back = await lab.succeeded(lab.rollback(namespace, 'notes'));
      expect(back.result).toMatchObject({ revision: 3, template: { version: '1.0.0' } });
      expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({ state: 'ready', revision: 3 });
      expect(await image(namespace)).toBe('example.org/notes:1');
      const names = Object.keys(await lab.clusterState(namespace));
      expect(names).toContain('ConfigMap/notes-old');
      expect(names).not.toContain('ConfigMap/notes-new');
    });
  });

  it('of a definition comes before what it defines, and the plan says what could not be tried', async () => {
    const namespace = await lab.namespace();
    const post = async (body: Record<string, unknown>) =>
      admin.ended((await admin.call('POST', '/api/v1/deployments', body)).body.operation);
    const plan = await planned(admin, { namespace, ref: 'sails@1.0.0' });
    expect(plannedObject(plan, 'Sail', 'jib')).toMatchObject({ action: 'create', checked: 'later' });
    const operation = await post({ plan: plan.digest });
    expect(operation).toMatchObject({ state: 'succeeded', result: { plan: plan.digest } });
    const path = `/apis/${GROUP}/v1/namespaces/${namespace}/sails/jib`;
    expect(await lab.cluster.api.expect('GET', path)).toMatchObject({ spec: { area: 20 } });

    const answer = await admin.call('POST', '/api/v1/plans', { deployment: `local.${namespace}.sails`, version: '2.0.0' });
    expect(answer).toMatchObject({ status: 422, body: { code: 'object_invalid', errors: [{ path: '/spec/area' }] } });
    await admin.ended((await admin.call('DELETE', deploymentPath(namespace, 'sails'))).body.operation);
    expect((await lab.cluster.api.request('GET', path)).status).toBe(404);
    // Another one's resources might be of this kind: the definition stays.
    const definition = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sails.${GROUP}`;
    expect((await lab.cluster.api.request('GET', definition)).status).toBe(200);
  });
});

function waitingOf(operation: OperationView): string {
  return stepOf(operation, 'wait-ready')?.waitingFor ?? '';
}

/** Milliseconds. */
function durationOf(step: StepView | undefined): number {
  return Date.parse(step?.endedAt ?? '') - Date.parse(step?.startedAt ?? '');
}
