import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../../support/cluster.ts';
import { configMap } from './support/api-server.ts';
import { type ClusterLab, eventually, openClusterLab } from './support/cluster-lab.ts';

let lab: ClusterLab;
let namespace = '';
beforeAll(async () => {
  lab = await openClusterLab();
  namespace = await lab.kubernetes.namespace();
}, CLUSTER_TIMEOUT_MS);
afterAll(() => lab.close());

const deployment = (replicas: unknown, container: Record<string, unknown> = { name: 'app', image: 'app:1' }) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } },
  },
});

async function failureOf(work: Promise<unknown>): Promise<ChandleryError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ChandleryError) return error;
  throw new Error(`expected a ChandleryError, got ${String(error)}`);
}

describeCluster('a user without the right', () => {
  const bob = { user: 'bob', groups: ['nobodies'] };
  it('is told which right is missing, for every kind of request', async () => {
    const session = lab.cluster.as(bob);
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'x' };
    const watched = () => session.watch({ apiVersion: 'v1', kind: 'ConfigMap', namespace }, '1')[Symbol.asyncIterator]().next();
    const attempts: Array<[string, () => Promise<unknown>]> = [
      ['patch', () => session.apply(configMap(namespace, 'x'))],
      ['patch', () => session.apply(configMap(namespace, 'x'), { dryRun: true })],
      ['create', () => session.createIfAbsent(configMap(namespace, 'x'))],
      ['get', () => session.get(ref)],
      ['delete', () => session.delete(ref, { uid: 'u' })],
      ['list', () => session.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace })],
      ['watch', watched],
    ];
    for (const [verb, attempt] of attempts) {
      const error = await failureOf(attempt());
      expect(error.code).toBe('forbidden');
      expect(error.details.missing).toEqual([expect.objectContaining({ verb, group: '', resource: 'configmaps', namespace })]);
      expect(error.message).toMatch(new RegExp(`^bob may not ${verb} configmaps.* in namespace ${namespace}$`));
    }
  });

  it('who may patch but not create is told that create is missing', async () => {
    const user = `patcher-${namespace}`;
    await lab.grant(namespace, { user }, [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch', 'get'] }]);
    const error = await eventually(async () => {
      const failure = await failureOf(lab.cluster.as({ user, groups: [] }).apply(configMap(namespace, 'new')));
      return failure.message.includes('create') ? failure : undefined;
    });
    expect(error.details.missing).toEqual([{ verb: 'create', group: '', resource: 'configmaps', namespace, name: 'new' }]);
  });

  it('may not give others more rights than he has', async () => {
    const user = `granter-${namespace}`;
    await lab.grant(namespace, { user }, [
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['get', 'create', 'patch'] },
    ]);
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { namespace, name: 'too-much' },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    };
    const error = await eventually(async () => {
      const failure = await failureOf(lab.cluster.as({ user, groups: [] }).apply(role));
      return failure.message.includes('would give') ? failure : undefined;
    });
    expect(error.code).toBe('forbidden');
    expect(error.details.missing).toEqual([{ verb: 'get', group: '', resource: 'secrets', namespace }]);
  });
});

describeCluster('an object that the cluster does not accept', () => {
  it('fails with object_invalid and every field that is wrong', async () => {
    const error = await failureOf(lab.admin.apply(deployment(-1, { name: 'App!', image: 'app:1' })));
    expect(error.code).toBe('object_invalid');
    expect(error.details.issues?.map(({ path }) => path)).toEqual(['/spec/replicas', '/spec/template/spec/containers/0/name']);
    expect(error.message).toContain('must be greater than or equal to 0');
  });

  it('fails with object_invalid for a field of another type or that does not exist', async () => {
    const error = await failureOf(lab.admin.apply(deployment('three', { name: 'app', image: 'app:1', imagee: 'x' })));
    expect([error.code, error.retryable]).toEqual(['object_invalid', false]);
    expect(error.details.issues?.length).toBeGreaterThan(0);
    const created = await failureOf(lab.admin.createIfAbsent({ ...configMap(namespace, 'strict'), dta: {} }));
    expect(created.details.issues).toEqual([{ path: '/dta', message: 'unknown field' }]);
  });

  it('fails with namespace_missing when the namespace does not exist', async () => {
    const nowhere = configMap(`${namespace}-not`, 'x');
    await expect(lab.admin.apply(nowhere)).toFailWith('namespace_missing');
    await expect(lab.admin.apply(nowhere, { dryRun: true })).toFailWith('namespace_missing');
    await expect(lab.admin.createIfAbsent(nowhere)).toFailWith('namespace_missing');
  });

  it('fails with api_unknown when the cluster does not serve its kind', async () => {
    for (const apiVersion of ['v1', 'apps/v9', 'nothing.example/v1']) {
      const object = { apiVersion, kind: 'Nonsense', metadata: { namespace, name: 'x' } };
      const error = await failureOf(lab.admin.apply(object));
      expect([error.code, error.message]).toEqual(['api_unknown', `the cluster does not serve Nonsense of ${apiVersion}`]);
    }
    expect(await lab.admin.resourceType('apps/v1', 'Nonsense')).toBeUndefined();
  });

  it('fails with object_invalid when Pod security does not allow it', async () => {
    const strict = await lab.kubernetes.namespace();
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await lab.admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: strict, labels } });
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: strict, name: 'p' },
      spec: { containers: [{ name: 'a', image: 'a' }] },
    };
    const error = await failureOf(lab.admin.apply(pod));
    expect(error.code).toBe('object_invalid');
    expect(error.message).toContain('violates PodSecurity');
  });

  it('fails with object_invalid and the words of an admission policy', async () => {
    const name = `no-${namespace}`;
    const policy = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name } };
    const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] };
    const scope = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    await lab.admin.apply({
      ...policy,
      spec: {
        matchConstraints: { resourceRules: [rule], namespaceSelector: scope },
        validations: [
          { expression: '!("forbidden" in object.data)', message: 'the key forbidden is not wanted here', reason: 'Forbidden' },
        ],
      },
    });
    await lab.admin.apply({
      ...policy,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: name, validationActions: ['Deny'] },
    });
    const object = { ...configMap(namespace, 'denied'), data: { forbidden: 'x' } };
    const error = await eventually(() =>
      lab.admin.apply(object).then(
        () => undefined,
        (reason: unknown) => reason as ChandleryError,
      ),
    );
    expect(error.code).toBe('object_invalid');
    expect(error.message).toContain('the key forbidden is not wanted here');
  });
});

describeCluster('a full quota', () => {
  it('fails with quota_exceeded: which, what was asked, used and limited', async () => {
    const small = await lab.kubernetes.namespace();
    const hard = { 'count/configmaps': '2' };
    await lab.admin.apply({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { namespace: small, name: 'small' },
      spec: { hard },
    });
    let made = 0;
    const error = await eventually(() =>
      lab.admin.apply(configMap(small, `c-${made++}`)).then(
        () => undefined,
        (reason: unknown) => reason as ChandleryError,
      ),
    );
    expect(error.code).toBe('quota_exceeded');
    expect(error.message).toMatch(
      /quota small, requested: count\/configmaps=1, used: count\/configmaps=\d+, limited: count\/configmaps=2/,
    );
  });
});

describeCluster('a Secret that the cluster does not accept', () => {
  const value = 'hunter2-hunter2';
  const secret = (fields: Record<string, unknown>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'keys' },
    ...fields,
  });
  const bad: Array<[string, Record<string, unknown>]> = [
    ['a value that is no string', { stringData: { password: { [value]: value } } }],
    ['a value that is not base64', { data: { password: value } }],
    ['a key that is not allowed', { stringData: { [`${value} !`]: value } }],
    ['a field that does not exist', { [value]: value, stringData: { password: value } }],
    ['a type whose keys are missing', { type: 'kubernetes.io/tls', stringData: { password: value } }],
    ['a type whose value is malformed', { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': value } }],
  ];
  it.each(bad)('fails with object_invalid and says no value: %s', async (_name, fields) => {
    for (const attempt of [() => lab.admin.apply(secret(fields)), () => lab.admin.createIfAbsent(secret(fields))]) {
      const error = await failureOf(attempt());
      expect(error.code).toBe('object_invalid');
      expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain(value);
    }
  });

  it('conflicts by field, without a value', async () => {
    await lab.kubernetes.api.expect(
      'PATCH',
      `/api/v1/namespaces/${namespace}/secrets/shared?fieldManager=somebody-else`,
      { ...secret({ stringData: { password: value } }), metadata: { namespace, name: 'shared' } },
      'application/apply-patch+yaml',
    );
    const mine = { ...secret({ stringData: { password: `${value}-2` } }), metadata: { namespace, name: 'shared' } };
    const error = await failureOf(lab.admin.apply(mine));
    expect(error.code).toBe('field_conflict');
    expect(JSON.stringify([error.message, error.details])).not.toContain(value);
  });
});
