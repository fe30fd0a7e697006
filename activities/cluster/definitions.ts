import type { KubeObject, ResourceType } from '../../src/domain/cluster.ts';
import { listAt, textAt } from '../../src/domain/object-fields.ts';
import { groupOf } from '../../src/domain/object-ref.ts';

/** Whether it is a CustomResourceDefinition. */
export function isDefinition({ apiVersion, kind }: KubeObject): boolean {
  return groupOf(apiVersion) === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition';
}

/** By `<apiVersion>/<kind>`; nothing where the definition is not one: the cluster says then what is wrong with it. */
export function kindsDefinedBy({ spec }: KubeObject): Array<[string, ResourceType]> {
  const [group, kind, plural] = [textAt(spec, 'group'), textAt(spec, 'names', 'kind'), textAt(spec, 'names', 'plural')];
  if (group === undefined || kind === undefined || plural === undefined) return [];
  const namespaced = textAt(spec, 'scope') === 'Namespaced';
  return listAt(spec, 'versions').flatMap((item) => {
    const version = textAt(item, 'name');
    return version === undefined || item.served === false
      ? []
      : [[`${group}/${version}/${kind}`, { group, version, kind, plural, namespaced }]];
  });
}
