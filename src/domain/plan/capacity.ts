import type { KubeObject } from '../cluster.ts';
import { countAt, listAt, textAt, valueAt } from '../object-fields.ts';
import { compareText, groupOf, refOf, refText } from '../object-ref.ts';
import { formatQuantity, multiplyQuantity, parseQuantity, type Quantity, ZERO } from '../quantity.ts';
import { podGroupOf } from './pod-counts.ts';
import { podResources, quantityOf, type Resources, sum } from './pod-resources.ts';

/** Amounts by the names ResourceQuota has for them: `pods`, `requests.cpu`, `requests.storage`, `services`, `count/deployments.apps`. */
export type QuotaUse = Record<string, string>;

/** Kinds that a quota counts by a name of their own, beside `count/<plural>.<group>`. */
const COUNTED: Readonly<Record<string, { name?: string; count: string }>> = {
  '/ConfigMap': { name: 'configmaps', count: 'count/configmaps' },
  '/Secret': { name: 'secrets', count: 'count/secrets' },
  '/Service': { name: 'services', count: 'count/services' },
  '/PersistentVolumeClaim': { name: 'persistentvolumeclaims', count: 'count/persistentvolumeclaims' },
  '/ServiceAccount': { count: 'count/serviceaccounts' },
  'apps/Deployment': { count: 'count/deployments.apps' },
  'apps/StatefulSet': { count: 'count/statefulsets.apps' },
  'batch/Job': { count: 'count/jobs.batch' },
  'batch/CronJob': { count: 'count/cronjobs.batch' },
  'networking.k8s.io/Ingress': { count: 'count/ingresses.networking.k8s.io' },
};

/** What the objects take of the quotas of their namespace. Fails with object_invalid for a quantity that is none. */
export function quotaUseOf(objects: KubeObject[]): QuotaUse {
  const use = objects.map((object) => useOf(object, objects)).reduce(sum, new Map());
  const entries = [...use].filter(([, { nanos }]) => nanos !== 0n).sort(([a], [b]) => compareText(a, b));
  return Object.fromEntries(entries.map(([name, quantity]) => [name, formatQuantity(quantity)]));
}

/** What the pods of the objects ask for, all of them running. Fails with object_invalid for a quantity that is none. */
export function capacityOf(objects: KubeObject[]): { cpu: string; memory: string; pods: number } {
  const use = quotaUseOf(objects);
  return { cpu: use['requests.cpu'] ?? '0', memory: use['requests.memory'] ?? '0', pods: wholeNumber(use.pods) };
}

/** A count above 999 is written with a suffix (`2k`). */
function wholeNumber(text = '0'): number {
  return Number((parseQuantity(text) ?? ZERO).nanos / 1_000_000_000n);
}

function useOf(object: KubeObject, all: KubeObject[]): Resources {
  return [countUse(object), podUse(object, all), serviceUse(object), claimUse(object), templateClaimUse(object)].reduce(
    sum,
    new Map(),
  );
}

function countUse({ apiVersion, kind }: KubeObject): Resources {
  const counted = COUNTED[`${groupOf(apiVersion)}/${kind}`];
  const names = counted ? [counted.count, ...(counted.name ? [counted.name] : [])] : [];
  return new Map(names.map((name) => [name, units(1)]));
}

function podUse(object: KubeObject, all: KubeObject[]): Resources {
  const group = podGroupOf(object, all);
  if (!group || group.count === 0) return new Map();
  const where = refText(refOf(object));
  const use: Resources = new Map([
    ['pods', units(group.count)],
    ['count/pods', units(group.count)],
  ]);
  for (const part of ['requests', 'limits'] as const)
    for (const [name, quantity] of podResources(group.spec, part, where)) {
      const amount = multiplyQuantity(quantity, group.count);
      use.set(`${part}.${name}`, amount);
      // The bare names mean the requests.
      if (part === 'requests') use.set(name, amount);
    }
  return use;
}

function serviceUse(object: KubeObject): Resources {
  if (groupOf(object.apiVersion) !== '' || object.kind !== 'Service') return new Map();
  const type = textAt(object, 'spec', 'type');
  const ports = listAt(object, 'spec', 'ports').length;
  const hasNodePorts =
    type === 'NodePort' || (type === 'LoadBalancer' && valueAt(object, 'spec', 'allocateLoadBalancerNodePorts') !== false);
  return new Map([
    ...(type === 'LoadBalancer' ? [['services.loadbalancers', units(1)] as const] : []),
    ...(hasNodePorts ? [['services.nodeports', units(ports)] as const] : []),
  ]);
}

function claimUse(object: KubeObject): Resources {
  if (groupOf(object.apiVersion) !== '' || object.kind !== 'PersistentVolumeClaim') return new Map();
  return storageUse(object, refText(refOf(object)));
}

/** A StatefulSet makes a claim for each of its pods. */
function templateClaimUse(object: KubeObject): Resources {
  if (groupOf(object.apiVersion) !== 'apps' || object.kind !== 'StatefulSet') return new Map();
  const replicas = Math.max(0, countAt(object, 'spec', 'replicas') ?? 1);
  const each = listAt(object, 'spec', 'volumeClaimTemplates').map((claim) => {
    const one = sum(
      storageUse(claim, refText(refOf(object))),
      new Map([
        ['persistentvolumeclaims', units(1)],
        ['count/persistentvolumeclaims', units(1)],
      ]),
    );
    return new Map([...one].map(([name, quantity]) => [name, multiplyQuantity(quantity, replicas)]));
  });
  return each.reduce(sum, new Map());
}

function storageUse(claim: unknown, where: string): Resources {
  const size = valueAt(claim, 'spec', 'resources', 'requests', 'storage');
  if (size === undefined) return new Map();
  const quantity = quantityOf(size, `${where}: storage`);
  const storageClass = textAt(claim, 'spec', 'storageClassName');
  return new Map([
    ['requests.storage', quantity],
    ...(storageClass ? [[`${storageClass}.storageclass.storage.k8s.io/requests.storage`, quantity] as const] : []),
  ]);
}

function units(count: number): Quantity {
  return multiplyQuantity({ nanos: 1_000_000_000n, format: 'DecimalSI' }, count);
}
