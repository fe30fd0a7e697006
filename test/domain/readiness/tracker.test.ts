import { describe, expect, it } from '@jest/globals';
import type { KubeObject, ObjectRef } from '../../../src/domain/cluster.ts';
import { PATIENCE } from '../../../src/domain/readiness/patience.ts';
import { ReadyTracker } from '../../../src/domain/readiness/tracker.ts';
import { crashed, deployment, event, NOW, object, podOf, ref, replicaSet, WEB, waiting, webPod } from './support/objects.ts';

const CONFIG = ref('v1', 'ConfigMap', 'settings');
const DB = ref('apps/v1', 'StatefulSet', 'db');
const JOB = ref('batch/v1', 'Job', 'migrate');
const CLAIM = ref('v1', 'PersistentVolumeClaim', 'data');
const PULL = 'Back-off pulling image "shop/web:9"';

function tracker(refs: ObjectRef[], ...seen: KubeObject[]): ReadyTracker {
  const result = new ReadyTracker(refs, { since: NOW });
  for (const item of seen) result.see(item, NOW);
  return result;
}

const slowWeb = deployment({ wanted: 2, ready: 1, revision: '2' });
const pulling = webPod('web-b-x', 'b', [waiting('ImagePullBackOff', PULL)]);

describe('an object that is waited for', () => {
  it('is missing until it is seen', () => {
    const waits = tracker([WEB]);
    expect(waits.pending()).toEqual([{ ref: WEB, status: 'missing', message: 'not there yet' }]);
    expect(waits.allReady).toBe(false);
    expect(waits.failure(NOW + 1e9)).toBeUndefined();
  });

  it('is done when it is ready', () => {
    const waits = tracker([WEB, CONFIG], deployment(), object('v1', 'ConfigMap', 'settings'));
    expect(waits.allReady).toBe(true);
    expect(waits.waitingFor).toBe('');
    expect(waits.overdue()).toBeUndefined();
  });

  it('is found again in another version of its API', () => {
    expect(tracker([{ ...WEB, apiVersion: 'apps/v1beta2' }], deployment()).allReady).toBe(true);
  });

  it('is missing again once it is deleted', () => {
    const waits = tracker([WEB], deployment());
    waits.gone(deployment());
    expect(waits.pending()).toEqual([{ ref: WEB, status: 'missing', message: 'was deleted' }]);
  });

  it('stays done when it is a finished job that is cleaned up', () => {
    const done = object('batch/v1', 'Job', 'migrate', { status: { conditions: [{ type: 'Complete', status: 'True' }] } });
    const waits = tracker([JOB], done);
    waits.gone(done);
    expect(waits.allReady).toBe(true);
  });

  it('is not mixed up with what is not waited for', () => {
    expect(tracker([WEB], object('apps/v1', 'Deployment', 'other'), object('v1', 'Pod', 'web')).pending()).toHaveLength(1);
  });
});

describe('the line that says what is waited for', () => {
  it('names the object, its state and its pod', () => {
    expect(tracker([WEB], slowWeb, replicaSet('b', '2'), pulling).waitingFor).toBe(
      `Deployment web: 1 of 2 replicas ready; pod web-b-x: container app: ${PULL}`,
    );
  });

  it('begins with what is in trouble and counts the rest', () => {
    const line = tracker([DB, WEB], slowWeb, replicaSet('b', '2'), pulling).waitingFor;
    expect(line).toMatch(/^Deployment web: .* \(and 1 more\)$/);
  });

  it('tells the last warning about the object', () => {
    const warning = event(CLAIM, { reason: 'ProvisioningFailed', message: 'storageclass "fast" not found' });
    const claim = object('v1', 'PersistentVolumeClaim', 'data', { status: { phase: 'Pending' } });
    expect(tracker([CLAIM], claim, warning).waitingFor).toBe(
      'PersistentVolumeClaim data: not bound to a volume yet; ProvisioningFailed: storageclass "fast" not found',
    );
  });

  it('tells what a pod is busy with', () => {
    const pod = webPod('web-b-x', 'b', [waiting('ContainerCreating')]);
    const pulls = event(ref('v1', 'Pod', 'web-b-x'), {
      reason: 'Pulling',
      message: 'Pulling image "shop/web:2"',
      type: 'Normal',
    });
    expect(tracker([WEB], slowWeb, replicaSet('b', '2'), pod, pulls).waitingFor).toBe(
      'Deployment web: 1 of 2 replicas ready; pod web-b-x: Pulling image "shop/web:2"',
    );
  });

  it('leaves out what was heard before the change began', () => {
    const old = event(WEB, { reason: 'FailedCreate', message: 'of last week', ms: -60_000 });
    expect(tracker([WEB], slowWeb, old).waitingFor).toBe('Deployment web: 1 of 2 replicas ready');
  });

  it('is one line of bounded length', () => {
    const pod = webPod('web-b-x', 'b', [waiting('ErrImagePull', `first\nsecond ${'x'.repeat(5_000)}`)]);
    const line = tracker([WEB], slowWeb, replicaSet('b', '2'), pod).waitingFor;
    expect(line).not.toContain('\n');
    expect(line.length).toBeLessThan(320);
  });
});

describe('trouble with a pod', () => {
  it('fails when it lasts longer than the patience for it', () => {
    const waits = tracker([WEB], slowWeb, replicaSet('b', '2'), pulling);
    expect(waits.failure(NOW + PATIENCE.start - 1)).toBeUndefined();
    expect(waits.recheckAt()).toBe(NOW + PATIENCE.start);
    expect(waits.failure(NOW + PATIENCE.start)).toMatchObject({
      code: 'not_ready',
      ref: WEB,
      reason: 'ImagePullBackOff',
      message: `pod web-b-x: container app: ${PULL}`,
    });
  });

  it('goes on counting while the kubelet says it in turns', () => {
    const waits = tracker([WEB], slowWeb, replicaSet('b', '2'), pulling);
    waits.see(webPod('web-b-x', 'b', [waiting('ErrImagePull', 'not found')]), NOW + 20_000);
    expect(waits.recheckAt()).toBe(NOW + PATIENCE.start);
  });

  it('is forgotten when it passes', () => {
    const waits = tracker([WEB], slowWeb, replicaSet('b', '2'), pulling);
    waits.see(webPod('web-b-x', 'b', [{ name: 'app', ready: true, state: { running: {} } }]), NOW + 1_000);
    expect(waits.recheckAt()).toBeUndefined();
    waits.see(pulling, NOW + 2_000);
    waits.gone(pulling);
    expect(waits.recheckAt()).toBeUndefined();
  });

  it('fails at once where there is no hope, with the container whose log says more', () => {
    const warning = event(ref('v1', 'Pod', 'web-b-x'), {
      reason: 'BackOff',
      message: 'Back-off restarting failed container app',
    });
    const failure = tracker([WEB], slowWeb, replicaSet('b', '2'), webPod('web-b-x', 'b', [crashed(3, 1)]), warning).failure(NOW);
    expect(failure).toMatchObject({
      reason: 'CrashLoopBackOff',
      message: 'pod web-b-x: container app: ended with exit code 1; 3 restarts',
      pod: { namespace: 'shop', name: 'web-b-x', container: 'app' },
    });
    expect(failure?.events.map(({ reason }) => reason)).toEqual(['BackOff']);
  });

  it('has no log to show where no container started', () => {
    expect(tracker([WEB], slowWeb, replicaSet('b', '2'), pulling).failure(NOW + 1e6)).not.toHaveProperty('pod');
  });

  it('can be given another patience', () => {
    const waits = new ReadyTracker([WEB], { patience: { start: 10 } });
    for (const item of [slowWeb, replicaSet('b', '2'), pulling]) waits.see(item, NOW);
    expect(waits.failure(NOW + 10)).toBeDefined();
  });

  it('says nothing of an object that is ready', () => {
    expect(tracker([WEB], deployment({ revision: '2' }), replicaSet('b', '2'), pulling).failure(NOW + 1e9)).toBeUndefined();
  });
});

describe('trouble with a pod of an older version', () => {
  const old = webPod('web-a-x', 'a', [crashed(9, 1)]);

  it('never fails a Deployment that is replacing it', () => {
    const waits = tracker([WEB], slowWeb, replicaSet('a', '1'), replicaSet('b', '2'), old);
    expect(waits.failure(NOW + 1e9)).toBeUndefined();
    expect(waits.waitingFor).toBe('Deployment web: 1 of 2 replicas ready');
  });

  it('fails nothing while it is not known which version it is of', () => {
    expect(tracker([WEB], slowWeb, old).failure(NOW + 1e9)).toBeUndefined();
  });

  it('fails nothing before the controller has seen the change', () => {
    const unseen = { ...slowWeb, metadata: { ...slowWeb.metadata, generation: 2 } };
    expect(
      tracker([WEB], unseen, replicaSet('b', '2'), webPod('web-b-x', 'b', [crashed(9, 1)])).failure(NOW + 1e9),
    ).toBeUndefined();
  });

  it('is told apart by the revision of a StatefulSet', () => {
    const db = object('apps/v1', 'StatefulSet', 'db', {
      spec: { replicas: 1 },
      status: { observedGeneration: 1, updateRevision: 'db-new' },
    });
    const pod = (hash: string) =>
      podOf(
        'StatefulSet',
        'db',
        'db-0',
        { status: { containerStatuses: [crashed(9, 1)] } },
        { 'controller-revision-hash': hash },
      );
    expect(tracker([DB], db, pod('db-old')).failure(NOW)).toBeUndefined();
    expect(tracker([DB], db, pod('db-new')).failure(NOW)).toMatchObject({ ref: DB, reason: 'CrashLoopBackOff' });
  });

  it('is told apart by the generation of a DaemonSet', () => {
    const agent = ref('apps/v1', 'DaemonSet', 'agent');
    const set = object('apps/v1', 'DaemonSet', 'agent', {
      metadata: { annotations: { 'deprecated.daemonset.template.generation': '4' } },
      status: { observedGeneration: 1, desiredNumberScheduled: 1 },
    });
    const pod = (generation: string) =>
      podOf(
        'DaemonSet',
        'agent',
        'agent-x',
        { status: { containerStatuses: [crashed(9, 1)] } },
        { 'pod-template-generation': generation },
      );
    expect(tracker([agent], set, pod('3')).failure(NOW)).toBeUndefined();
    expect(tracker([agent], set, pod('4')).failure(NOW)).toMatchObject({ ref: agent });
  });
});

describe('an object that has failed', () => {
  it('fails the whole, with the pod that explains it', () => {
    const late = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out progressing' }];
    const web = deployment({ ready: 0, revision: '2' }, late);
    expect(tracker([WEB], web, replicaSet('b', '2'), pulling).failure(NOW)).toMatchObject({
      reason: 'ProgressDeadlineExceeded',
      message: `made no progress within its deadline: timed out progressing; pod web-b-x: container app: ${PULL}`,
    });
  });

  it('is a job only by its own rule, and then with its last pod', () => {
    const running = object('batch/v1', 'Job', 'migrate', { status: { startTime: 't', failed: 1 } });
    const restarting = podOf('Job', 'migrate', 'migrate-a', { status: { containerStatuses: [crashed(9, 1)] } });
    expect(tracker([JOB], running, restarting).failure(NOW + 1e9)).toBeUndefined();

    const ended = podOf('Job', 'migrate', 'migrate-b', {
      status: { phase: 'Failed', containerStatuses: [{ name: 'app', state: { terminated: { exitCode: 2, reason: 'Error' } } }] },
    });
    const conditions = [
      { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'it has reached the backoff limit' },
    ];
    const failed = object('batch/v1', 'Job', 'migrate', { status: { startTime: 't', conditions } });
    expect(tracker([JOB], failed, ended).failure(NOW)).toMatchObject({
      reason: 'BackoffLimitExceeded',
      message: 'failed: it has reached the backoff limit; pod migrate-b: container app ended with exit code 2',
      pod: { name: 'migrate-b', container: 'app' },
    });
  });

  it('says a pod of its own once', () => {
    const pod = ref('v1', 'Pod', 'once');
    const containerStatuses = [{ name: 'app', state: { terminated: { exitCode: 2 } } }];
    const failure = tracker([pod], object('v1', 'Pod', 'once', { status: { phase: 'Failed', containerStatuses } })).failure(NOW);
    expect(failure).toMatchObject({ message: 'container app ended with exit code 2', pod: { name: 'once', container: 'app' } });
  });
});

describe('pods that may not be made', () => {
  const text = 'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3';

  it('fail a Deployment with quota_exceeded when it lasts', () => {
    const web = deployment({ replicas: 0 }, [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: text }]);
    const waits = tracker([WEB], web);
    expect(waits.failure(NOW + PATIENCE.replicas - 1)).toBeUndefined();
    expect(waits.failure(NOW + PATIENCE.replicas)).toMatchObject({
      code: 'quota_exceeded',
      reason: 'FailedCreate',
      message: text,
    });
  });

  it('are told once, with what was heard of the ReplicaSet', () => {
    const web = deployment({ replicas: 0 }, [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: text }]);
    const scaled = event(WEB, { reason: 'ScalingReplicaSet', message: 'Scaled up', type: 'Normal' });
    const refused = event(ref('apps/v1', 'ReplicaSet', 'web-b'), { reason: 'FailedCreate', message: `Error creating: ${text}` });
    const waits = tracker([WEB], web, replicaSet('b', '1'), scaled, refused);
    expect(waits.waitingFor).toBe(`Deployment web: ${text}`);
    expect(waits.overdue()?.events.map(({ message }) => message)).toEqual([`Error creating: ${text}`]);
  });

  it('fail it with not_ready where no quota is the reason', () => {
    const condition = {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'violates PodSecurity "restricted"',
    };
    expect(tracker([WEB], deployment({ replicas: 0 }, [condition])).failure(NOW + 1e6)).toMatchObject({ code: 'not_ready' });
  });

  const db = (replicas: number) =>
    object('apps/v1', 'StatefulSet', 'db', { spec: { replicas: 3 }, status: { observedGeneration: 1, replicas } });
  const refusal = event(DB, { reason: 'FailedCreate', message: `create Pod db-1 in StatefulSet db failed error: ${text}` });

  it('are known by an event for controllers without a condition', () => {
    expect(tracker([DB], db(1), refusal).failure(NOW + PATIENCE.replicas)).toMatchObject({ code: 'quota_exceeded', ref: DB });
  });

  it('are forgotten when one is made after all', () => {
    const waits = tracker([DB], db(1), refusal);
    waits.see(db(2), NOW + 1_000);
    expect(waits.failure(NOW + 1e9)).toBeUndefined();
    waits.see(refusal, NOW + 2_000);
    waits.see(event(DB, { reason: 'SuccessfulCreate', message: 'create Pod db-2', type: 'Normal', ms: 5_000 }), NOW + 5_000);
    expect(waits.failure(NOW + 1e9)).toBeUndefined();
  });

  it('are not believed from an event of an earlier attempt', () => {
    const old = event(DB, { reason: 'FailedCreate', message: text, ms: -60_000 });
    expect(tracker([DB], db(1), old).failure(NOW + 1e9)).toBeUndefined();
  });
});

describe('a claim that is bound by its first pod', () => {
  const claim = object('v1', 'PersistentVolumeClaim', 'data', { status: { phase: 'Pending' } });
  const waitsForPod = event(CLAIM, { reason: 'WaitForFirstConsumer', message: 'waiting for first consumer', type: 'Normal' });
  const user = object('v1', 'Pod', 'user', { spec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] } });

  it('is not waited for while no pod uses it', () => {
    expect(tracker([CLAIM], claim).allReady).toBe(false);
    expect(tracker([CLAIM], claim, waitsForPod).allReady).toBe(true);
  });

  it('is waited for once a pod does', () => {
    expect(tracker([CLAIM], claim, waitsForPod, user).allReady).toBe(false);
  });
});

describe('a list after a broken watch', () => {
  it('forgets what is no longer there', () => {
    const waits = tracker([WEB], slowWeb, replicaSet('b', '2'), pulling);
    waits.relisted({ apiVersion: 'v1', kind: 'Pod', namespace: 'shop' }, [], NOW + 1_000);
    expect(waits.recheckAt()).toBeUndefined();
    waits.relisted({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop' }, [], NOW + 1_000);
    expect(waits.pending()[0]?.status).toBe('missing');
  });

  it('keeps what is there, and what is of another kind or namespace', () => {
    const waits = tracker([WEB], slowWeb, replicaSet('b', '2'), pulling);
    waits.relisted({ apiVersion: 'v1', kind: 'Pod', namespace: 'shop' }, [pulling], NOW + 1_000);
    waits.relisted({ apiVersion: 'v1', kind: 'Pod', namespace: 'other' }, [], NOW + 1_000);
    waits.relisted({ apiVersion: 'v1', kind: 'Service', namespace: 'shop' }, [], NOW + 1_000);
    expect(waits.recheckAt()).toBe(NOW + PATIENCE.start);
  });

  it('says of what was never seen that it is not there yet', () => {
    const waits = tracker([WEB]);
    waits.relisted({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop' }, [], NOW);
    expect(waits.pending()[0]?.message).toBe('not there yet');
  });
});

describe('when the time is up', () => {
  it('tells the trouble that did not last long enough', () => {
    expect(tracker([DB, WEB], slowWeb, replicaSet('b', '2'), pulling).overdue()).toMatchObject({
      ref: WEB,
      reason: 'ImagePullBackOff',
    });
  });

  it('tells the first object that is not ready where nothing is wrong', () => {
    expect(tracker([WEB, DB], slowWeb).overdue()).toMatchObject({
      ref: WEB,
      reason: 'progressing',
      message: '1 of 2 replicas ready',
    });
  });
});
