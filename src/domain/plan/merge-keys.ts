import { fieldsOf, valueAt } from '../object-fields.ts';

/**
 * What tells the items of a list apart, so that an item put in front does not look like a change of all that follow. The keys are
 * those of the API's own merge rules (`x-kubernetes-list-map-keys`); a list without one is compared as a whole.
 */

type KeyOf = (item: unknown) => string | undefined;

const byMember =
  (...path: string[]): KeyOf =>
  (item) => {
    const value = valueAt(item, ...path);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };

/** `ports` of a container and of a Service; the same number may be there once for TCP and once for UDP. */
const byPort: KeyOf = (item) => {
  const port = byMember('containerPort')(item) ?? byMember('port')(item);
  return port && `${port}/${byMember('protocol')(item) ?? 'TCP'}`;
};

const byName = byMember('name');

const KEYS: Readonly<Record<string, KeyOf[]>> = {
  ports: [byPort, byName],
  volumeMounts: [byMember('mountPath')],
  volumeDevices: [byMember('devicePath')],
  hostAliases: [byMember('ip')],
  topologySpreadConstraints: [byMember('topologyKey')],
  volumeClaimTemplates: [byMember('metadata', 'name')],
  ownerReferences: [byMember('uid')],
  rules: [byMember('host')],
  paths: [byMember('path')],
};

/** The keys of both lists' items, in order; undefined where not every item of each list has one of its own. */
export function mergeKeys(
  member: string,
  before: unknown[],
  after: unknown[],
): { before: string[]; after: string[] } | undefined {
  for (const keyOf of KEYS[member] ?? [byName]) {
    const keys = { before: uniqueKeys(before, keyOf), after: uniqueKeys(after, keyOf) };
    if (keys.before && keys.after) return { before: keys.before, after: keys.after };
  }
  return undefined;
}

function uniqueKeys(items: unknown[], keyOf: KeyOf): string[] | undefined {
  const keys = items.map((item) => (fieldsOf(item) ? keyOf(item) : undefined)).filter((key) => key !== undefined);
  return keys.length === items.length && new Set(keys).size === keys.length ? keys : undefined;
}
