import { describe, expect, it } from '@jest/globals';
import { isReadyAtOnce, isWaitedFor, readinessOf } from '../../../src/domain/readiness/readiness.ts';
import { deployment, object, ref } from './support/objects.ts';

const condition = (type: string, status: string, reason?: string, message?: string) => ({ type, status, reason, message });

describe('any kind', () => {
  it('is terminating once it is being deleted, whatever else it says', () => {
    const gone = object('v1', 'Service', 'web', {
      metadata: { deletionTimestamp: '2026-11-21T12:00:00Z', finalizers: ['example.com/hold'] },
    });
    expect(readinessOf(gone)).toEqual({ status: 'terminating', message: 'being deleted, waits for example.com/hold' });
  });

  it('is progressing while its controller has not seen the last change', () => {
    const stale = object('example.com/v1', 'Widget', 'w', { metadata: { generation: 3 }, status: { observedGeneration: 2 } });
    expect(readinessOf(stale).status).toBe('progressing');
  });

  it.each([
    ['progressing', condition('Reconciling', 'True', 'Working', 'almost there'), 'almost there'],
    ['failed', condition('Stalled', 'True', 'BadSpec', 'no such zone'), 'no such zone'],
    ['progressing', condition('Ready', 'False', 'NotYet', 'two of three'), 'two of three'],
    ['progressing', condition('Ready', 'Unknown', 'NotYet'), 'NotYet'],
    ['ready', condition('Ready', 'True', 'AllGood'), undefined],
    ['ready', condition('SomethingElse', 'False'), undefined],
  ])('is %s by its condition %j', (status, said, message) => {
    expect(readinessOf(object('example.com/v1', 'Widget', 'w', { status: { conditions: [said] } }))).toEqual({
      status,
      ...(message && { message }),
    });
  });

  it('is ready when it says nothing', () => {
    expect(readinessOf(object('example.com/v1', 'Widget', 'w'))).toEqual({ status: 'ready' });
  });

  it('is not misled by members of another shape', () => {
    expect(readinessOf(object('apps/v1', 'Deployment', 'web', { spec: 'text', status: [] })).status).toBe('progressing');
    expect(readinessOf(object('v1', 'Pod', 'p', { status: { conditions: 'none', phase: 7 } })).status).toBe('progressing');
  });
});

describe('Deployment', () => {
  const message = (counts: Parameters<typeof deployment>[0]) => readinessOf(deployment(counts));

  it('is ready when all its replicas are', () => {
    expect(message({ wanted: 2 })).toEqual({ status: 'ready', message: '2 replicas ready' });
    expect(message({ wanted: 0 }).status).toBe('ready');
  });

  it.each([
    [{ wanted: 2, replicas: 1 }, '1 of 2 replicas created'],
    [{ wanted: 2, updated: 1 }, '1 of 2 replicas updated'],
    [{ wanted: 2, replicas: 3, updated: 2 }, '1 pod of the old revision to end'],
    [{ wanted: 2, ready: 1 }, '1 of 2 replicas ready'],
    [{ wanted: 2, available: 0 }, '0 of 2 replicas available'],
  ])('is progressing with %j', (counts, text) => expect(message(counts)).toEqual({ status: 'progressing', message: text }));

  it('is progressing until its new ReplicaSet is available', () => {
    const conditions = [condition('Available', 'True'), condition('Progressing', 'True', 'ReplicaSetUpdated')] as Array<
      Record<string, string>
    >;
    expect(readinessOf(deployment({}, conditions)).status).toBe('progressing');
  });

  it('is progressing until it is available', () => {
    const conditions = [
      condition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.'),
      condition('Progressing', 'True', 'NewReplicaSetAvailable'),
    ] as Array<Record<string, string>>;
    expect(readinessOf(deployment({}, conditions)).message).toBe('Deployment does not have minimum availability.');
  });

  it('needs no Progressing condition without a deadline', () => {
    const counts = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
    const plain = object('apps/v1', 'Deployment', 'web', { status: { ...counts, conditions: [condition('Available', 'True')] } });
    expect(readinessOf(plain).status).toBe('ready');
  });

  it('has failed when it made no progress within its deadline', () => {
    const late = [
      {
        type: 'Progressing',
        status: 'False',
        reason: 'ProgressDeadlineExceeded',
        message: 'ReplicaSet "web-1" has timed out progressing.',
      },
    ];
    expect(readinessOf(deployment({ ready: 0 }, late)).status).toBe('failed');
  });

  it('says why its pods may not be made', () => {
    const refused = [
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'pods "web-1-x" is forbidden: exceeded quota: small',
      },
    ];
    expect(readinessOf(deployment({ replicas: 0 }, refused))).toEqual({
      status: 'progressing',
      message: 'pods "web-1-x" is forbidden: exceeded quota: small',
    });
  });
});

describe('ReplicaSet', () => {
  const set = (status: Record<string, unknown>) =>
    readinessOf(object('apps/v1', 'ReplicaSet', 'web-1', { spec: { replicas: 2 }, status }));
  const full = { observedGeneration: 1, replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2 };

  it('follows its counts', () => {
    expect(set(full).status).toBe('ready');
    expect(set({ ...full, fullyLabeledReplicas: 1 }).message).toBe('1 of 2 replicas created');
    expect(set({ ...full, readyReplicas: 0 }).message).toBe('0 of 2 replicas ready');
    expect(set({ ...full, availableReplicas: 1 }).message).toBe('1 of 2 replicas available');
    expect(set({ ...full, replicas: 4 }).message).toBe('2 pods to end');
  });

  it('is progressing while pods cannot be made', () => {
    expect(set({ ...full, conditions: [condition('ReplicaFailure', 'True', 'FailedCreate', 'no')] }).message).toBe('no');
  });
});

describe('StatefulSet', () => {
  const set = (status: Record<string, unknown>, spec: Record<string, unknown> = {}) =>
    readinessOf(
      object('apps/v1', 'StatefulSet', 'db', { spec: { replicas: 3, ...spec }, status: { observedGeneration: 1, ...status } }),
    );
  const full = {
    replicas: 3,
    readyReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: 'db-1',
    updateRevision: 'db-1',
  };

  it('follows its counts', () => {
    expect(set(full)).toEqual({ status: 'ready', message: '3 replicas ready' });
    expect(set({ ...full, replicas: 1 }).message).toBe('1 of 3 replicas created');
    expect(set({ ...full, readyReplicas: 2 }).message).toBe('2 of 3 replicas ready');
    expect(set({ ...full, replicas: 4 }).message).toBe('1 pod to end');
    expect(set({ ...full, currentReplicas: 1 }).message).toBe('1 of 3 replicas of the current revision');
  });

  it('waits until the new revision is the current one', () => {
    expect(set({ ...full, updateRevision: 'db-2' }).status).toBe('progressing');
  });

  it('waits only for the pods above its partition', () => {
    const partition = (number: number) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: number } } });
    const halfway = { ...full, currentReplicas: 2, updatedReplicas: 1, updateRevision: 'db-2' };
    expect(set(halfway, partition(2)).status).toBe('ready');
    expect(set(halfway, partition(0)).message).toBe('1 of 3 replicas updated');
  });

  it('is ready when its pods are replaced by hand', () => {
    expect(set({ replicas: 0 }, { updateStrategy: { type: 'OnDelete' } }).status).toBe('ready');
  });
});

describe('DaemonSet', () => {
  const full = {
    observedGeneration: 1,
    desiredNumberScheduled: 4,
    currentNumberScheduled: 4,
    updatedNumberScheduled: 4,
    numberReady: 4,
    numberAvailable: 4,
  };
  const set = (status: Record<string, unknown>, spec: Record<string, unknown> = {}) =>
    readinessOf(object('apps/v1', 'DaemonSet', 'agent', { spec, status }));

  it.each([
    ['currentNumberScheduled', '3 of 4 pods created'],
    ['updatedNumberScheduled', '3 of 4 pods updated'],
    ['numberReady', '3 of 4 pods ready'],
    ['numberAvailable', '3 of 4 pods available'],
  ])('is progressing while %s falls short', (name, text) =>
    expect(set({ ...full, [name]: 3 })).toEqual({ status: 'progressing', message: text }),
  );

  it('is ready with all its pods, and with none to run', () => {
    expect(set(full)).toEqual({ status: 'ready', message: '4 pods ready' });
    expect(set({ observedGeneration: 1, desiredNumberScheduled: 0 }).status).toBe('ready');
  });

  it('is progressing before its controller has looked at it', () => expect(set({}).status).toBe('progressing'));

  it('does not wait for updates that are made by hand', () => {
    expect(set({ ...full, updatedNumberScheduled: 0 }, { updateStrategy: { type: 'OnDelete' } }).status).toBe('ready');
  });
});

describe('Job', () => {
  const job = (status: Record<string, unknown>, spec: Record<string, unknown> = {}) =>
    readinessOf(object('batch/v1', 'Job', 'migrate', { spec: { completions: 4, parallelism: 2, ...spec }, status }));

  it('is ready only when it is complete', () => {
    expect(job({}).message).toBe('not started yet');
    expect(job({ startTime: 't', active: 2, succeeded: 1, failed: 1 })).toEqual({
      status: 'progressing',
      message: '1 of 4 completed, 1 failed',
    });
    expect(job({ startTime: 't', succeeded: 4, conditions: [condition('Complete', 'True')] }).status).toBe('ready');
  });

  it('has failed when it gave up', () => {
    const reason = condition('Failed', 'True', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit');
    expect(job({ startTime: 't', failed: 7, conditions: [reason] })).toEqual({
      status: 'failed',
      message: 'failed: Job has reached the specified backoff limit',
    });
  });

  it('is not waited for while it is suspended', () => expect(job({}, { suspend: true }).status).toBe('ready'));
});

describe('Pod', () => {
  const pod = (status: Record<string, unknown>) => readinessOf(object('v1', 'Pod', 'p', { status }));

  it.each([
    ['progressing', {}],
    ['progressing', { phase: 'Pending' }],
    ['progressing', { phase: 'Unknown' }],
    ['progressing', { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'Unschedulable')] }],
    ['progressing', { phase: 'Running', conditions: [condition('Ready', 'False')] }],
    ['ready', { phase: 'Running', conditions: [condition('Ready', 'True')] }],
    ['ready', { phase: 'Succeeded' }],
    ['failed', { phase: 'Failed' }],
  ])('is %s with %j', (status, said) => expect(pod(said).status).toBe(status));

  it('counts the containers that are ready', () => {
    const containerStatuses = [
      { name: 'a', ready: true },
      { name: 'b', ready: false },
    ];
    expect(pod({ phase: 'Running', containerStatuses }).message).toBe('1 of 2 containers ready');
  });

  it('says how it failed', () => {
    const containerStatuses = [{ name: 'app', state: { terminated: { exitCode: 3, reason: 'Error' } } }];
    expect(pod({ phase: 'Failed', containerStatuses }).message).toBe('container app ended with exit code 3');
    expect(pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' }).message).toBe(
      'The node was low on memory.',
    );
  });
});

describe('other kinds', () => {
  it.each([
    ['ready', 'v1', 'PersistentVolumeClaim', { status: { phase: 'Bound' } }],
    ['progressing', 'v1', 'PersistentVolumeClaim', { status: { phase: 'Pending' } }],
    ['progressing', 'v1', 'PersistentVolumeClaim', {}],
    ['failed', 'v1', 'PersistentVolumeClaim', { status: { phase: 'Lost' } }],
    ['ready', 'v1', 'Service', { spec: { clusterIP: 'None' } }],
    ['ready', 'v1', 'Service', { spec: { type: 'LoadBalancer', clusterIP: '10.0.0.7' }, status: { loadBalancer: {} } }],
    ['progressing', 'v1', 'Service', { spec: { type: 'LoadBalancer' } }],
    ['ready', 'v1', 'Namespace', { status: { phase: 'Active' } }],
    ['progressing', 'v1', 'Namespace', {}],
    ['ready', 'v1', 'ConfigMap', {}],
    ['ready', 'v1', 'Secret', {}],
    ['ready', 'batch/v1', 'CronJob', { status: {} }],
    ['ready', 'networking.k8s.io/v1', 'Ingress', { status: { loadBalancer: {} } }],
    ['ready', 'autoscaling/v2', 'HorizontalPodAutoscaler', { status: { conditions: [condition('ScalingActive', 'False')] } }],
    ['ready', 'policy/v1', 'PodDisruptionBudget', { status: { observedGeneration: 1, disruptionsAllowed: 0 } }],
    ['progressing', 'policy/v1', 'PodDisruptionBudget', { status: { observedGeneration: 0 } }],
    ['ready', 'apiregistration.k8s.io/v1', 'APIService', { status: { conditions: [condition('Available', 'True', 'Passed')] } }],
    [
      'progressing',
      'apiregistration.k8s.io/v1',
      'APIService',
      { status: { conditions: [condition('Available', 'False', 'MissingEndpoints')] } },
    ],
    ['progressing', 'apiregistration.k8s.io/v1', 'APIService', {}],
    // A kind of the same name in a group of its own has none of the rules.
    ['ready', 'example.com/v1', 'Deployment', {}],
  ])('is %s: %s %s %j', (status, apiVersion, kind, rest) =>
    expect(readinessOf(object(apiVersion, kind, 'x', rest)).status).toBe(status),
  );

  it.each([
    ['progressing', []],
    ['progressing', [condition('NamesAccepted', 'True'), condition('Established', 'False', 'Installing')]],
    ['failed', [condition('NamesAccepted', 'False', 'ListKindConflict', 'already in use')]],
    ['failed', [condition('Established', 'False', 'NotAccepted')]],
    ['ready', [condition('NamesAccepted', 'True'), condition('Established', 'True')]],
  ])('a CustomResourceDefinition is %s with %j', (status, conditions) =>
    expect(
      readinessOf(object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'x', { status: { conditions } })).status,
    ).toBe(status),
  );
});

describe('isWaitedFor', () => {
  it('is true for what somebody has to work on', () => {
    const waited = [
      ref('apps/v1', 'Deployment', 'a'),
      ref('v1', 'PersistentVolumeClaim', 'a'),
      ref('example.com/v1', 'Widget', 'a'),
    ];
    expect(waited.map(isWaitedFor)).toEqual([true, true, true]);
  });

  it('is false for what is ready as soon as it exists', () => {
    const atOnce = [
      ref('v1', 'ConfigMap', 'a'),
      ref('batch/v1', 'CronJob', 'a'),
      ref('rbac.authorization.k8s.io/v1', 'Role', 'a'),
    ];
    expect(atOnce.map(isWaitedFor)).toEqual([false, false, false]);
  });
});

describe('isReadyAtOnce', () => {
  it.each([
    [true, 'v1', 'ConfigMap', {}],
    [true, 'v1', 'Service', {}],
    [true, 'v1', 'Service', { spec: { type: 'NodePort' } }],
    [false, 'v1', 'Service', { spec: { type: 'LoadBalancer' } }],
    [false, 'serving.knative.dev/v1', 'Service', {}],
    [false, 'apps/v1', 'Deployment', {}],
  ])('is %s for %s %s %j', (expected, apiVersion, kind, members) => {
    expect(isReadyAtOnce(object(apiVersion, kind, 'web', members))).toBe(expected);
  });
});
