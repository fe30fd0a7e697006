import type { DeploymentKey } from '../deployment-store.ts';
import type { ParameterValues } from '../parameters/schema.ts';
import type { SecretParameter } from '../rendered.ts';
import type { TemplateManifest } from '../template.ts';
import type { Marks } from './labels.ts';
import type { ParameterScope } from './parameter-scope.ts';

/** What both types of template are rendered from. */
export interface RenderBasis {
  manifest: TemplateManifest;
  deployment: DeploymentKey;
  /** with defaults */
  plain: ParameterValues;
  secrets: readonly SecretParameter[];
  scope: ParameterScope;
  marks: Marks;
  /** Filled while rendering. */
  warnings: string[];
}
