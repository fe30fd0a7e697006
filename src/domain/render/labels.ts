/** The labels and the annotation by which objects are known to be a deployment's. Which operation applied one is never among them. */

import { DEPLOYMENT_ID_ANNOTATION, DEPLOYMENT_LABEL, MANAGED_BY, MANAGED_BY_LABEL } from '../cluster.ts';
import { deploymentLabelValue } from '../deployment-label.ts';
import type { DeploymentKey } from '../deployment-store.ts';
import { installId } from '../operation.ts';
import { labelValue } from './names.ts';

const NAME_LABEL = 'app.kubernetes.io/name';
const INSTANCE_LABEL = 'app.kubernetes.io/instance';
const VERSION_LABEL = 'app.kubernetes.io/version';

export interface Marks {
  /** of every object */
  labels: Record<string, string>;
  /** Of pods and volume claims: the same for every version, so that an upgrade alone restarts nothing and changes nothing immutable. */
  stable: Record<string, string>;
  /** Of a selector: the least that tells a deployment's pods apart. */
  selector: Record<string, string>;
  annotations: Record<string, string>;
}

/** The marks of a deployment of a template's version. */
export function marksOf(deployment: DeploymentKey, template: { name: string; version: string }): Marks {
  const instance = deploymentLabelValue(deployment.name);
  const selector = { [NAME_LABEL]: labelValue(template.name), [DEPLOYMENT_LABEL]: instance };
  const stable = { ...selector, [INSTANCE_LABEL]: instance, [MANAGED_BY_LABEL]: MANAGED_BY };
  return {
    labels: { ...stable, [VERSION_LABEL]: labelValue(template.version) },
    stable,
    selector,
    annotations: { [DEPLOYMENT_ID_ANNOTATION]: installId(deployment) },
  };
}
