/** From a folder of Kubernetes YAML to objects. */

import type { KubeObject } from '../cluster.ts';
import { groupOf, objectKey, refOf, refText } from '../object-ref.ts';
import { isMap } from '../parameters/schema.ts';
import type { TemplateOutput } from '../template.ts';
import { faultAt, templateFault } from './fault.ts';
import { contentFault, type WrittenObject, writtenObjects } from './manifest-files.ts';
import { withMarks } from './manifest-marks.ts';
import { isExpandedPlace, isTextPlace } from './manifest-places.ts';
import type { RenderBasis } from './render-basis.ts';
import { outputsWith } from './rendered-outputs.ts';
import { type SubstitutionRules, substitute } from './substitute.ts';
import { isClusterScoped } from './waves.ts';

type Json = Record<string, unknown>;

/** Members of metadata that only the cluster writes. */
const NOT_OURS = [
  'uid',
  'resourceVersion',
  'managedFields',
  'ownerReferences',
  'generateName',
  'generation',
  'selfLink',
  'deletionTimestamp',
];
/** A name becomes part of a URL: anything but what would make it another path. */
const NAME = /^(?!\.{1,2}$)[^/%\s]{1,253}$/;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const RBAC = 'rbac.authorization.k8s.io';

function rulesFor(written: WrittenObject): SubstitutionRules {
  const kind = String(written.value.kind);
  const place = (pointer: string) => pointer.slice(written.pointer.length);
  return {
    isText: (pointer) => isTextPlace(kind, place(pointer)),
    isExpanded: (pointer) => isExpandedPlace(place(pointer)),
    fault: (pointer, message) => contentFault(written, pointer, message),
  };
}

type Fault = (pointer: string, message: string) => Error;

/** Tools write `status: {}` and `creationTimestamp: null`, which say nothing; a definition's generator writes a whole one. */
function isEmpty(value: unknown): boolean {
  return value === null || (isMap(value) && Object.keys(value).length === 0);
}

function metadataOf(value: Json, fault: Fault): Json {
  const { metadata } = value;
  if (!isMap(metadata)) throw fault('', 'must be a Kubernetes object, but has no metadata');
  for (const member of NOT_OURS) {
    if (member in metadata) throw fault(`/metadata/${member}`, `${member} is not the template's to say: take it out`);
  }
  if ('status' in value && !isEmpty(value.status) && value.kind !== 'CustomResourceDefinition')
    throw fault('/status', "status is not the template's to say: take it out");
  for (const member of ['labels', 'annotations'] as const) {
    const own = metadata[member];
    if (own !== undefined && own !== null && !isMap(own)) throw fault(`/metadata/${member}`, 'must be a map');
  }
  const { creationTimestamp: _, ...rest } = metadata;
  return rest;
}

function checkNames(metadata: Json, fault: Fault): { name: string; namespace?: string } {
  const { name, namespace } = metadata;
  if (typeof name !== 'string') throw fault('/metadata/name', 'metadata.name must be text');
  if (!NAME.test(name)) throw fault('/metadata/name', `${JSON.stringify(name.slice(0, 100))} cannot be the name of an object`);
  if (namespace === undefined || namespace === null) return { name };
  if (typeof namespace !== 'string' || !NAMESPACE.test(namespace))
    throw fault('/metadata/namespace', `${JSON.stringify(namespace).slice(0, 100)} is not the name of a namespace`);
  return { name, namespace };
}

/** Kubernetes asks for the namespace of every ServiceAccount that gets a right; the one that comes with the role is meant. */
function withSubjects(body: Json, kind: string, group: string, namespace: string): Json {
  if (group !== RBAC || !kind.endsWith('Binding') || !Array.isArray(body.subjects)) return body;
  const subjects = body.subjects.map((subject: unknown) => {
    return isMap(subject) && subject.kind === 'ServiceAccount' && subject.namespace === undefined
      ? { ...subject, namespace }
      : subject;
  });
  return { ...body, subjects };
}

function kubeObject(basis: RenderBasis, written: WrittenObject, definedScopes: ReadonlyMap<string, boolean>): KubeObject {
  const { value, sources } = substitute(written.value, written.pointer, basis.scope, rulesFor(written));
  const fault: Fault = (pointer, message) => {
    const at = `${written.pointer}${pointer}`;
    return faultAt(sources, pointer, `${written.file}${at}`, message, (_, text) => contentFault(written, at, text));
  };
  if (!isMap(value)) throw fault('', 'must be a Kubernetes object');
  const metadata = metadataOf(value, fault);
  const names = checkNames(metadata, fault);
  const { apiVersion: _version, kind: _kind, metadata: _metadata, status: _status, ...body } = value;
  const [apiVersion, kind] = [String(value.apiVersion), String(value.kind)];
  const group = groupOf(apiVersion);
  const clusterScoped = definedScopes.get(`${group}/${kind}`) ?? isClusterScoped(kind, group);
  const namespace = clusterScoped ? {} : { namespace: names.namespace ?? basis.deployment.namespace };
  const { namespace: _namespace, ...rest } = metadata;
  const whole = withSubjects(body, kind, group, namespace.namespace ?? basis.deployment.namespace);
  return withMarks(
    { apiVersion, kind, metadata: { ...rest, name: names.name, ...namespace }, ...whole } as KubeObject,
    basis.marks,
  );
}

/** `group/Kind` of the definitions among the objects: whether the kind belongs to no namespace. */
function scopesDefined(written: readonly WrittenObject[]): Map<string, boolean> {
  const definitions = written.filter(({ value }) => value.kind === 'CustomResourceDefinition' && isMap(value.spec));
  return new Map(
    definitions.map(({ value }) => {
      const { group, names, scope } = value.spec as Json;
      return [`${String(group)}/${isMap(names) ? String(names.kind) : ''}`, scope === 'Cluster'];
    }),
  );
}

function checkTwice(objects: readonly KubeObject[], written: readonly WrittenObject[]): void {
  const seen = new Map<string, WrittenObject>();
  for (const [index, object] of objects.entries()) {
    const at = written[index];
    const key = objectKey(refOf(object));
    const other = seen.get(key);
    if (at !== undefined && other !== undefined) {
      const { line } = other.document.locate(other.pointer);
      throw contentFault(at, at.pointer, `${refText(refOf(object))} is there twice, also in ${other.file}:${line}`);
    }
    if (at !== undefined) seen.set(key, at);
  }
}

/** The name of the only Secret among the objects that has the key. */
function secretWith(objects: readonly KubeObject[], key: string, pointer: string): string {
  const having = objects.filter(({ kind, data, stringData }) => {
    return kind === 'Secret' && [data, stringData].some((map) => isMap(map) && Object.hasOwn(map, key));
  });
  const [only, second] = having;
  if (only !== undefined && second === undefined) return only.metadata.name;
  const found = only === undefined ? 'no Secret of the template has' : 'several Secrets of the template have';
  throw templateFault(pointer, `${found} an entry "${key}": name the Secret with secretName`);
}

/** The objects of a template of type manifests. */
export function renderManifests(
  basis: RenderBasis,
  files: ReadonlyMap<string, string>,
): { objects: KubeObject[]; outputs: TemplateOutput[] } {
  const written = writtenObjects(basis.manifest, files);
  const scopes = scopesDefined(written);
  const objects = written.map((one) => kubeObject(basis, one, scopes));
  checkTwice(objects, written);
  const outputs = outputsWith(basis.manifest.spec.outputs ?? [], basis.scope, (key, pointer) =>
    secretWith(objects, key, pointer),
  );
  return { objects, outputs };
}
