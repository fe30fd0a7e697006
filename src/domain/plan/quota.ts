import type { KubeObject } from '../cluster.ts';
import type { QuotaFit } from '../deployment.ts';
import { fieldsAt, listAt, textAt, valueAt } from '../object-fields.ts';
import { compareText } from '../object-ref.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  subtractQuantities,
  ZERO,
} from '../quantity.ts';
import type { QuotaUse } from './capacity.ts';

/**
 * One line for each amount of each ResourceQuota that the change would add to. `previous`: what the revision that is replaced takes; it
 * is given back, so only the difference counts. Quotas with scopes are left out: which pods they count is the cluster's to say, and it
 * still does when the pods are made.
 */
export function quotaFits(quotas: KubeObject[], adds: QuotaUse, previous: QuotaUse = {}): QuotaFit[] {
  return quotas
    .filter((quota) => !hasScopes(quota))
    .flatMap((quota) => fitsOf(quota, adds, previous))
    .sort((a, b) => compareText(a.quota, b.quota) || compareText(a.resource, b.resource));
}

function hasScopes(quota: KubeObject): boolean {
  const scopes = valueAt(quota, 'spec', 'scopes');
  return (Array.isArray(scopes) && scopes.length > 0) || listAt(quota, 'spec', 'scopeSelector', 'matchExpressions').length > 0;
}

function fitsOf(quota: KubeObject, adds: QuotaUse, previous: QuotaUse): QuotaFit[] {
  const limits = fieldsAt(quota, 'status', 'hard') ?? fieldsAt(quota, 'spec', 'hard') ?? {};
  return Object.keys(limits).flatMap((resource) => {
    const hard = quantityAt(limits[resource]);
    const net = subtractQuantities(quantityAt(adds[resource]) ?? ZERO, quantityAt(previous[resource]) ?? ZERO);
    if (!hard || net.nanos <= 0n) return [];
    const used = quantityAt(textAt(quota, 'status', 'used', resource)) ?? ZERO;
    return [lineOf(quota.metadata.name, resource, hard, used, net)];
  });
}

function lineOf(quota: string, resource: string, hard: Quantity, used: Quantity, adds: Quantity): QuotaFit {
  const fits = compareQuantities(addQuantities(used, adds), hard) <= 0;
  return { quota, resource, hard: formatQuantity(hard), used: formatQuantity(used), adds: formatQuantity(adds), fits };
}

function quantityAt(value: unknown): Quantity | undefined {
  return typeof value === 'string' || typeof value === 'number' ? parseQuantity(value) : undefined;
}
