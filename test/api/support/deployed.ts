import type { KubeObject } from '../../../src/domain/cluster.ts';
import type { Rendered } from '../../../src/domain/rendered.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import { changed, deploymentKey, inventoryOf, pinOf, startOf } from '../../support/deployments.ts';
import { manifestText } from '../../support/registry-folder.ts';
import { fenced, itemOf, materialise, operationOn } from '../../support/stores.ts';
import { DEV, type DeployLab, TEMPLATES } from './deploy-lab.ts';

const NAMESPACE = 'team-a';
/** of the one object, once it was applied */
export const UID = 'uid-of-shop';

/** A deployment in team-a as an operation leaves it: installed, one ConfigMap, one revision, outputs `user` and, with secrets, `password`. */
export async function deployed(
  lab: DeployLab,
  what: { name: string; template: string; version: string; parameters?: Record<string, unknown>; secrets?: string[] },
): Promise<void> {
  const { name, template, version, parameters = {}, secrets = [] } = what;
  const stores = { url: '', store: lab.store, db: undefined as never };
  const fixture = TEMPLATES.find((candidate) => candidate.name === template && candidate.version === version);
  if (!fixture) throw new Error(`no template ${template}@${version}`);
  const install = operationOn(NAMESPACE, template);
  const item = { ...itemOf(template, version), manifest: parseTemplate(manifestText(fixture)) };
  await materialise(stores, await fenced(stores, install, 'install'), [item]);
  const inventory = inventoryOf(NAMESPACE, [name]).map((entry) => ({ ...entry, uid: UID }));
  await changed(
    stores,
    deploymentKey(NAMESPACE, name),
    startOf('deploy', pinOf(template, version), {
      parameters,
      inventory,
      requester: DEV,
      hasValues: secrets.length > 0,
      rendered: await lab.store.documents.put('rendered', renderedOf(name, inventory[0]?.ref, secrets)),
    }),
  );
}

function renderedOf(name: string, ref: Rendered['objects'][number]['ref'] | undefined, secrets: string[]): Rendered {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE } } satisfies KubeObject;
  return {
    objects: ref ? [{ ref, wave: 0, object }] : [],
    secrets: secrets.map((secret) => ({ name: secret, keys: [secret], present: true })),
    outputs: [
      { name: 'user', from: 'value', value: 'root' },
      ...secrets.map((secret) => ({ name: secret, from: 'secret' as const, key: secret, secretName: name })),
    ],
    images: [],
    warnings: [],
  };
}
