import { describe, expect, it } from '@jest/globals';
import { replyFailure } from '../../../src/adapters/kubernetes/failures.ts';
import { fieldPointer } from '../../../src/adapters/kubernetes/issues.ts';
import type { Asked } from '../../../src/adapters/kubernetes/status.ts';

/** Answers as Kubernetes 1.36 gave them; those that a cluster can be made to give again are in refusals.test.ts as well. */

const asked: Asked = {
  verb: 'patch',
  group: 'apps',
  resource: 'deployments',
  kind: 'Deployment',
  namespace: 'shop',
  name: 'web',
  identity: { user: 'alice', groups: ['devs'] },
};
const secretAsked: Asked = { ...asked, group: '', resource: 'secrets', kind: 'Secret', name: 'keys' };

const failure = (code: number, status: Record<string, unknown>, about: Asked = asked, headers: Record<string, string> = {}) =>
  replyFailure({ status: code, headers, body: Buffer.from(JSON.stringify({ kind: 'Status', code, ...status })) }, about);

describe('a 403', () => {
  it('of a missing right is forbidden, with the right that the server names', () => {
    const message =
      'deployments.apps "web" is forbidden: User "alice" cannot patch resource "deployments" in API group "apps" in the namespace "shop": RBAC: role "x" not found';
    const error = failure(403, { reason: 'Forbidden', message });
    expect(error.code).toBe('forbidden');
    expect(error.details.missing).toEqual([
      { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'web' },
    ]);
    expect(error.message).toBe('alice may not patch deployments.apps web in namespace shop');
  });

  it('names the right that was really missing when apply would have to create', () => {
    const message =
      'deployments.apps "web" is forbidden: User "alice" cannot create resource "deployments" in API group "apps" in the namespace "shop"';
    expect(failure(403, { message }).details.missing).toEqual([
      expect.objectContaining({ verb: 'create', resource: 'deployments', namespace: 'shop' }),
    ]);
  });

  it('at the cluster scope has no namespace', () => {
    const message = 'nodes is forbidden: User "a \\"b\\"" cannot list resource "nodes" in API group "" at the cluster scope';
    const error = failure(403, { message }, { verb: 'list', group: '', resource: 'nodes' });
    expect(error.details.missing).toEqual([{ verb: 'list', group: '', resource: 'nodes' }]);
    expect(error.message).toContain('in the whole cluster');
  });

  it('of the impersonation itself says that it is our own right', () => {
    const message =
      'users "alice" is forbidden: User "chandlery" cannot impersonate resource "users" in API group "" at the cluster scope';
    const error = failure(403, { message });
    expect(error.code).toBe('forbidden');
    expect(error.message).toContain("Chandlery's own identity chandlery may not impersonate users");
  });

  it('of a full quota is quota_exceeded, with what was asked, used and limited', () => {
    const message = 'pods "web" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2';
    const error = failure(403, { message });
    expect(error.code).toBe('quota_exceeded');
    expect(error.message).toContain('small, requested: pods=1, used: pods=2, limited: pods=2');
  });

  it('of a quota that wants requests to be set is object_invalid', () => {
    expect(failure(403, { message: 'pods "web" is forbidden: failed quota: q: must specify limits.cpu for: app' }).code).toBe(
      'object_invalid',
    );
  });

  it('of a role with more rights than its maker is forbidden, with these rights', () => {
    const message = `roles.rbac.authorization.k8s.io "r" is forbidden: user "alice" (groups=["devs"]) is attempting to grant RBAC permissions not currently held:
{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}`;
    const error = failure(403, { message });
    expect(error.code).toBe('forbidden');
    expect(error.details.missing).toEqual([
      { verb: 'get', group: '', resource: 'secrets', namespace: 'shop' },
      { verb: 'list', group: '', resource: 'secrets', namespace: 'shop' },
    ]);
  });

  it('of Pod security or a policy is object_invalid with its words', () => {
    const message = 'pods "web" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false';
    const error = failure(403, { message });
    expect(error.code).toBe('object_invalid');
    expect(error.message).toBe(
      'Deployment shop/web is refused: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
    );
  });

  it('of a namespace that goes away is namespace_missing', () => {
    const details = {
      causes: [{ reason: 'NamespaceTerminating', message: 'namespace shop is being terminated', field: 'metadata.namespace' }],
    };
    const message = 'configmaps "a" is forbidden: unable to create new content in namespace shop because it is being terminated';
    expect(failure(403, { message, details }).code).toBe('namespace_missing');
  });

  it('without any words, of a read, is forbidden with what was asked', () => {
    const error = failure(403, {}, { ...asked, verb: 'get' });
    expect(error.code).toBe('forbidden');
    expect(error.details.missing).toEqual([
      { verb: 'get', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'web' },
    ]);
  });
});

describe('an admission webhook', () => {
  it.each([400, 403, 422])('that denies with %d makes it object_invalid, with its name and words', (code) => {
    const error = failure(code, { message: 'admission webhook "images.example" denied the request: image is not signed' });
    expect(error.code).toBe('object_invalid');
    expect(error.details.webhook).toBe('images.example');
    expect(error.message).toContain('image is not signed');
  });

  it('that cannot be called is cluster_unavailable', () => {
    const message = 'Internal error occurred: failed calling webhook "images.example": connection refused';
    expect(failure(500, { reason: 'InternalError', message }).code).toBe('cluster_unavailable');
  });
});

describe('a conflict', () => {
  it('names each field and its manager', () => {
    const causes = [
      { reason: 'FieldManagerConflict', message: 'conflict with "kubectl"', field: '.spec.replicas' },
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "hpa" with subresource "scale" using autoscaling/v1',
        field: '.spec.x',
      },
    ];
    const error = failure(409, { reason: 'Conflict', details: { causes } });
    expect(error.code).toBe('field_conflict');
    expect(error.details.conflicts).toEqual([
      { field: '.spec.replicas', manager: 'kubectl' },
      { field: '.spec.x', manager: 'hpa' },
    ]);
  });

  it('of two writers at once is tried again', () => {
    const error = failure(409, { reason: 'Conflict', message: 'Operation cannot be fulfilled on resourcequotas "q"' });
    expect([error.code, error.retryable]).toEqual(['cluster_unavailable', true]);
  });
});

describe('other answers', () => {
  it.each([
    [401, 'cluster_unavailable'],
    [410, 'watch_expired'],
    [413, 'object_invalid'],
    [415, 'object_invalid'],
    [502, 'cluster_unavailable'],
    [302, 'cluster_unavailable'],
  ])('%d is %s', (code, expected) => {
    expect(failure(code, {}).code).toBe(expected);
  });

  it('404 tells a missing namespace from a missing API', () => {
    const details = { kind: 'namespaces', name: 'shop' };
    expect(failure(404, { reason: 'NotFound', details }).code).toBe('namespace_missing');
    expect(failure(404, { reason: 'NotFound', details: {} }).code).toBe('api_unknown');
    expect(replyFailure({ status: 404, headers: {}, body: Buffer.from('404 page not found\n') }, asked).code).toBe('api_unknown');
  });

  it('500 for an object that fits no schema is not tried again', () => {
    const message =
      'failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): errors:\n  .spec.foo: field not declared in schema\n  .spec.replicas: expected numeric (int or float), got string';
    const error = failure(500, { message });
    expect([error.code, error.retryable]).toEqual(['object_invalid', false]);
    expect(error.details.issues).toEqual([
      { path: '/spec/foo', message: 'field not declared in schema' },
      { path: '/spec/replicas', message: 'expected numeric (int or float), got string' },
    ]);
  });

  it('strict decoding names each unknown field', () => {
    const message =
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.a", duplicate field "spec.b[0].c"';
    expect(failure(400, { message }).details.issues).toEqual([
      { path: '/spec/a', message: 'unknown field' },
      { path: '/spec/b/0/c', message: 'duplicate field' },
    ]);
  });
});

describe('a failure of a Secret', () => {
  const secret = 'hunter2-hunter2';
  it.each([
    [
      422,
      {
        reason: 'Invalid',
        message: `data[x]: Invalid value: "${secret}"`,
        details: { causes: [{ reason: 'FieldValueInvalid', field: 'data[x]', message: `Invalid value: "${secret}"` }] },
      },
    ],
    [
      500,
      {
        message: `failed to create typed patch object (/a; /v1, Kind=Secret): .stringData.x: expected string, got &value.valueUnstructured{Value:${secret}}`,
      },
    ],
    [400, { message: `admission webhook "w.example" denied the request: ${secret}` }],
    [403, { message: `secrets "keys" is forbidden: ${secret}` }],
    [400, { message: `strict decoding error: unknown field "${secret}"` }],
    [500, { reason: 'InternalError', message: `failed calling webhook with ${secret}` }],
    [409, { message: secret }],
  ])('with %d says nothing that the server quotes', (code, status) => {
    const error = failure(code, status, secretAsked);
    expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain('hunter2');
  });

  it('still says where and what kind of thing', () => {
    const causes = [{ reason: 'FieldValueTooLong', field: 'metadata.labels', message: `Too long: "${secret}"` }];
    expect(failure(422, { reason: 'Invalid', details: { causes } }, secretAsked).details.issues).toEqual([
      { path: '/metadata/labels', message: 'too long' },
    ]);
    const typed = `failed to create typed patch object (/a; /v1, Kind=Secret): .stringData.x: expected string, got &value.valueUnstructured{Value:${secret}}`;
    expect(failure(500, { message: typed }, secretAsked).details.issues?.[0]?.path).toBe('/stringData/x');
  });
});

describe('fieldPointer', () => {
  it.each([
    ['spec.containers[0].name', '/spec/containers/0/name'],
    ['.spec.foo', '/spec/foo'],
    ['metadata.annotations[a.b/c]', '/metadata/annotations/a.b~1c'],
    ['spec.ports["web"].x', '/spec/ports/web/x'],
    ['', ''],
  ])('turns %s into %s', (field, pointer) => {
    expect(fieldPointer(field)).toBe(pointer);
  });
});
