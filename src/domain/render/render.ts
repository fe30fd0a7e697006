import type { KubeObject } from '../cluster.ts';
import type { DeploymentKey } from '../deployment-store.ts';
import { ChandleryError } from '../errors.ts';
import { compareRefs, groupOf, refOf, refText } from '../object-ref.ts';
import { checkParameters } from '../parameters/check.ts';
import { describeSecrets } from '../parameters/describe-secrets.ts';
import type { ParameterValues } from '../parameters/schema.ts';
import type { Rendered, RenderedObject } from '../rendered.ts';
import type { TemplateManifest, TemplateOutput } from '../template.ts';
import { imagesOf } from './images.ts';
import { marksOf } from './labels.ts';
import { RENDER_LIMITS } from './limits.ts';
import { renderManifests } from './manifests.ts';
import { ParameterScope } from './parameter-scope.ts';
import type { RenderBasis } from './render-basis.ts';
import { misplacedToken } from './secret-tokens.ts';
import { waveOf } from './waves.ts';
import { renderWorkload } from './workload.ts';

export interface RenderInput {
  manifest: TemplateManifest;
  /** Text of the files below `content.path`, by path; of type manifests only. */
  files: ReadonlyMap<string, string>;
  deployment: DeploymentKey;
  /** Plain parameters as given and merged, without defaults. */
  parameters: ParameterValues;
  /** Names of the secret parameters that have a value. */
  secretNames: readonly string[];
}

type Renderer = (basis: RenderBasis, files: ReadonlyMap<string, string>) => { objects: KubeObject[]; outputs: TemplateOutput[] };

const RENDERERS: Partial<Record<TemplateManifest['spec']['type'], Renderer>> = {
  workload: renderWorkload,
  manifests: renderManifests,
};

function placed(object: KubeObject): RenderedObject {
  return { ref: refOf(object), wave: waveOf(object.kind, groupOf(object.apiVersion)), object };
}

function checkObjects(objects: readonly KubeObject[], template: string): void {
  if (objects.length > RENDER_LIMITS.maxObjects)
    throw tooLarge(template, `${objects.length} objects, at most ${RENDER_LIMITS.maxObjects} are allowed`);
  const json = JSON.stringify(objects);
  // Escaped by JSON, refused by PostgreSQL and by Kubernetes.
  if (/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/.test(json)) throw tooOdd(template);
  const bytes = Buffer.byteLength(json);
  if (bytes > RENDER_LIMITS.maxBytes) throw tooLarge(template, `${bytes} bytes, at most ${RENDER_LIMITS.maxBytes} are allowed`);
  for (const object of objects) {
    const pointer = misplacedToken(object);
    if (pointer === undefined) continue;
    const message = `${refText(refOf(object))} would hold a secret in ${pointer}: secrets may stand in the data of a Secret only`;
    throw new ChandleryError('template_invalid', message, { template, issues: [{ path: pointer, message }] });
  }
}

function tooOdd(template: string): ChandleryError {
  return new ChandleryError('template_invalid', `${template} renders to text with a NUL character or half of a surrogate pair`, {
    template,
  });
}

function tooLarge(template: string, what: string): ChandleryError {
  return new ChandleryError('template_invalid', `${template} renders to ${what}`, { template });
}

/**
 * What a template makes with these parameters: Kubernetes objects in order, with tokens where secrets go. The same input gives the same
 * result, on every machine. Fails with parameter_invalid, template_invalid, or type_unsupported for other types than workload and manifests.
 */
export function renderTemplate({ manifest, files, deployment, parameters, secretNames }: RenderInput): Rendered {
  const { type, parameters: schema } = manifest.spec;
  const template = `${manifest.metadata.name}@${manifest.metadata.version}`;
  const render = RENDERERS[type];
  if (render === undefined)
    throw new ChandleryError('type_unsupported', `${template} is of type ${type}, which cannot be deployed yet`, { template });
  const { plain } = checkParameters({ schema, plain: parameters, secretNames, template });
  const secrets = describeSecrets(schema, secretNames);
  const scope = new ParameterScope(schema, plain, secrets);
  const basis: RenderBasis = {
    manifest,
    deployment,
    plain,
    secrets,
    scope,
    marks: marksOf(deployment, manifest.metadata),
    warnings: [],
  };
  const { objects, outputs } = render(basis, files);
  checkObjects(objects, template);
  const ordered = objects.map(placed).sort((a, b) => a.wave - b.wave || compareRefs(a.ref, b.ref));
  return { objects: ordered, secrets, outputs, images: imagesOf(objects), warnings: basis.warnings };
}
