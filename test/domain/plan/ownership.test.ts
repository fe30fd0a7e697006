import { describe, expect, it } from '@jest/globals';
import { notOwned, ownershipOf } from '../../../src/domain/plan/ownership.ts';
import { object, ref, WEB } from './support/plans.ts';

const ID = 'local.shop.web';
const live = (labels: Record<string, string>, annotations: Record<string, string> = {}, metadata: Record<string, unknown> = {}) =>
  object('apps/v1', 'Deployment', 'web', { metadata: { labels, annotations, ...metadata } });
const ours = { 'app.kubernetes.io/managed-by': 'chandlery' };

describe('ownershipOf', () => {
  it('is ours with our label and exactly this id', () => {
    expect(ownershipOf(live(ours, { 'chandlery.dev/deployment-id': ID }), ID)).toBe('ours');
  });

  it.each([
    ['another deployment', live(ours, { 'chandlery.dev/deployment-id': 'local.shop.other' }), 'deployment local.shop.other'],
    ['no deployment', live(ours), 'unknown'],
    ['somebody who copied the annotation', live({}, { 'chandlery.dev/deployment-id': ID }), 'unknown'],
    ['another tool', live({ 'app.kubernetes.io/managed-by': 'argocd' }), 'argocd'],
    [
      'a Helm release',
      live(
        { 'app.kubernetes.io/managed-by': 'Helm' },
        { 'meta.helm.sh/release-name': 'old', 'meta.helm.sh/release-namespace': 'shop' },
      ),
      'Helm release shop/old',
    ],
  ])('is not ours when it is of %s', (_whose, object, owner) => {
    expect(ownershipOf(object, ID)).toMatchObject({ owner });
  });

  it('names who changed it last where nothing says whose it is', () => {
    const managedFields = [
      { manager: 'kubectl-create', operation: 'Update', time: '2026-01-01T00:00:00Z' },
      { manager: 'kube-controller-manager', operation: 'Update', subresource: 'status', time: '2026-03-01T00:00:00Z' },
      { manager: 'kubectl-edit', operation: 'Update', time: '2026-02-01T00:00:00Z' },
    ];
    expect(ownershipOf(live({}, {}, { managedFields }), ID)).toEqual({
      owner: 'kubectl-edit',
      why: 'exists and was not made by Chandlery (last changed by kubectl-edit, kubectl-create)',
    });
  });

  it('has an answer for an object that says nothing', () => {
    expect(ownershipOf(object('v1', 'ConfigMap', 'c'), ID)).toEqual({
      owner: 'unknown',
      why: 'exists and was not made by Chandlery',
    });
  });
});

describe('notOwned', () => {
  it('names the objects and whose they are', () => {
    const error = notOwned([
      { ref: ref('v1', 'Service', 'web'), owner: 'unknown', why: 'exists and was not made by Chandlery' },
      { ref: WEB, owner: 'deployment local.shop.other', why: 'its annotation says so' },
    ]);
    expect(error.code).toBe('not_owned');
    expect(error.message).toBe(
      'not of this deployment: Deployment shop/web (deployment local.shop.other: its annotation says so); Service shop/web (exists and was not made by Chandlery)',
    );
    expect(error.details.objects).toHaveLength(2);
  });

  it('names ten of many', () => {
    const many = Array.from({ length: 14 }, (_, at) => ({ ref: ref('v1', 'ConfigMap', `c${at}`), owner: 'argocd', why: 'w' }));
    expect(notOwned(many).message).toMatch(/ and 4 more$/);
    expect(notOwned(many).details.objects).toHaveLength(10);
  });
});
