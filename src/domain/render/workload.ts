/** From a WorkloadSpec to Kubernetes objects. */

import type { KubeObject } from '../cluster.ts';
import { isMap } from '../parameters/schema.ts';
import type { TemplateOutput } from '../template.ts';
import { controllerOf } from './controller.ts';
import { faultAt, templateFault } from './fault.ts';
import { imageOf, isImageReference } from './image-reference.ts';
import { ingressesOf, servicesOf } from './network.ts';
import { checkPorts, exposedPorts, portNamed } from './ports.ts';
import type { RenderBasis } from './render-basis.ts';
import { outputsWith } from './rendered-outputs.ts';
import { scalerOf } from './scaling.ts';
import { secretToken } from './secret-tokens.ts';
import { leavesNothing, type SubstitutionRules, substitute } from './substitute.ts';
import { volumesOf } from './volumes.ts';
import { checkWorkload } from './workload-check.ts';
import { makeObject, nameOf, runsToEnd, type WorkloadContext } from './workload-context.ts';
import type { WorkloadSpec } from './workload-spec.ts';

const ROOT = '/spec/workload';
const CONDITIONAL = /^\/spec\/workload\/((env|volumes|domains)\/\d+|scaling)$/;
const ENV_ENTRY = /^\/spec\/workload\/env\/\d+$/;
const EXPANDED = /^\/spec\/workload\/((command|args)\/\d+|env\/\d+\/value|probes\/[a-z]+\/exec\/command\/\d+)$/;

function rulesFor({ scope }: RenderBasis): SubstitutionRules {
  return {
    insteadOfSecrets: 'give it to the container as env with `parameter`',
    // The WorkloadSpec's schema says which places hold text; checkWorkload sees to it.
    isText: () => false,
    isExpanded: (pointer) => EXPANDED.test(pointer),
    isLeftOut: (value, pointer) => {
      if (!isMap(value) || !CONDITIONAL.test(pointer)) return false;
      if (typeof value.when === 'string' && !scope.holds(value.when)) return true;
      return ENV_ENTRY.test(pointer) && typeof value.value === 'string' && leavesNothing(value.value, scope);
    },
    fault: templateFault,
  };
}

function contextOf(basis: RenderBasis): WorkloadContext {
  const { manifest, scope } = basis;
  const { value: tree, sources } = substitute(manifest.spec.workload ?? {}, ROOT, scope, rulesFor(basis));
  const fault = (pointer: string, message: string): Error =>
    faultAt(sources, pointer, `${ROOT}${pointer}`, message, templateFault);
  const { value, violations } = checkWorkload(tree);
  const [first] = violations;
  if (first !== undefined) throw fault(first.pointer, first.message);
  const { name, version } = manifest.metadata;
  return { ...basis, spec: value as WorkloadSpec, template: { name, version }, secretKeys: new Set(), fault };
}

function imageFor({ manifest, plain }: RenderBasis, { spec, fault }: WorkloadContext): string {
  const image = imageOf(spec.image, manifest.spec.images ?? {}, plain);
  if (!isImageReference(image))
    throw fault(
      '/image',
      `${JSON.stringify(image.slice(0, 100))} is not an image reference such as registry.example.org/name:1.0`,
    );
  return image;
}

function routing(context: WorkloadContext, controller: KubeObject): KubeObject[] {
  if (!runsToEnd(context.spec)) {
    return [...servicesOf(context, controller.kind === 'StatefulSet'), ...ingressesOf(context), ...scalerOf(context, controller)];
  }
  const { domains = [], scaling } = context.spec;
  if (domains.length > 0)
    context.warnings.push('a scheduled or single run is not reached from outside: its domains are left out');
  if (scaling !== undefined) context.warnings.push('a scheduled or single run does not scale: its scaling is left out');
  return [];
}

/** The workload's own Secret with the parameters that something refers to; none when nothing does. */
function ownSecret(context: WorkloadContext): KubeObject[] {
  if (context.secretKeys.size === 0) return [];
  const stringData = Object.fromEntries([...context.secretKeys].sort().map((key) => [key, secretToken(key)]));
  return [makeObject(context, { apiVersion: 'v1', kind: 'Secret' }, nameOf(context), { type: 'Opaque', stringData })];
}

/** A port as the Service names it: the container's number may be another one there. */
function withPort(context: WorkloadContext, output: TemplateOutput): TemplateOutput {
  if (output.from !== 'service' || output.port === undefined) return output;
  const fault = (_place: string, message: string) => templateFault('/spec/outputs', `output "${output.name}": ${message}`);
  return { ...output, port: portNamed(exposedPorts(context), output.port, '', fault).name };
}

/** The objects of a template of type workload. */
export function renderWorkload(basis: RenderBasis): { objects: KubeObject[]; outputs: TemplateOutput[] } {
  const context = contextOf(basis);
  checkPorts(context);
  const volumes = volumesOf(context);
  const controller = controllerOf(context, imageFor(basis, context), volumes);
  const found = outputsWith(basis.manifest.spec.outputs ?? [], basis.scope, (key, pointer) => {
    const parameter = basis.secrets.find(({ keys }) => keys.includes(key));
    if (parameter === undefined)
      throw templateFault(pointer, `no secret parameter gives the entry "${key}": name its Secret with secretName`);
    if (parameter.present) context.secretKeys.add(key);
    return nameOf(context);
  });
  const outputs = found.map((output) => withPort(context, output));
  const account = makeObject(context, { apiVersion: 'v1', kind: 'ServiceAccount' }, nameOf(context), {
    automountServiceAccountToken: false,
  });
  return { objects: [account, ...ownSecret(context), ...volumes.objects, controller, ...routing(context, controller)], outputs };
}
