import type { KubeObject } from '../cluster.ts';
import { type Fields, fieldsAt, textsAt } from '../object-fields.ts';

/** Members of the metadata that the cluster keeps for itself. */
const OWN_METADATA: ReadonlySet<string> = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
]);

/** Annotations that controllers and tools keep their books in; the second may hold the values of a Secret. */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  'deployment.kubernetes.io/revision',
  'kubectl.kubernetes.io/last-applied-configuration',
]);

export function isSecret({ apiVersion, kind }: { apiVersion: string; kind: string }): boolean {
  return apiVersion === 'v1' && kind === 'Secret';
}

/** The part of an object that somebody asked for. A Secret's `stringData` is in its `data`, as the API server stores it. */
export function comparable(object: KubeObject): Fields {
  const { status: _status, metadata, ...rest } = object;
  const result: Fields = { ...rest, metadata: comparableMetadata(metadata) };
  return isSecret(object) ? withStoredData(result) : result;
}

function comparableMetadata(metadata: Fields): Fields {
  const kept = Object.fromEntries(Object.entries(metadata).filter(([name]) => !OWN_METADATA.has(name)));
  const annotations = Object.entries(fieldsAt(metadata, 'annotations') ?? {}).filter(([name]) => !OWN_ANNOTATIONS.has(name));
  delete kept.annotations;
  return { ...kept, ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }) };
}

function withStoredData({ stringData: _stringData, ...secret }: Fields & { stringData?: unknown }): Fields {
  const encoded = Object.entries(textsAt({ stringData: _stringData }, 'stringData')).map(([key, text]) => [
    key,
    Buffer.from(text, 'utf8').toString('base64'),
  ]);
  const data = { ...fieldsAt(secret, 'data'), ...Object.fromEntries(encoded) };
  return Object.keys(data).length > 0 ? { ...secret, data } : secret;
}
