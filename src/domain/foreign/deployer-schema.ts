import type { TemplateRequirements } from '../template.ts';
import { isRange, isVersion } from '../versions.ts';
import { readYaml } from '../yaml-limits.ts';
import { type DeployerProperty, readProperties } from './deployer-properties.ts';
import { invalidSchema, quote } from './deployer-words.ts';
import { isJsonObject as isMap, type Json } from './json.ts';

/** `schema.yaml` of a deployer image (versions v1 and v2), as far as listing and showing an application needs it. */

/** Where the image has it. */
export const DEPLOYER_SCHEMA_FILE = 'data/schema.yaml';

export interface DeployerSchema {
  schemaVersion: 'v1' | 'v2';
  /** v2 only: equals the tag of the image */
  publishedVersion?: string;
  releaseNote?: string;
  /** In order of declaration, hidden ones included. */
  properties: DeployerProperty[];
  /** Application images by name: v2 relative to the deployer's prefix (empty = the prefix itself), v1 whole references. */
  images: Record<string, string>;
  requires: TemplateRequirements;
  /** What the reference ignores and its author probably did not mean. */
  warnings: string[];
}

const KNOWN = [
  ...['x-google-marketplace', 'application_api_version', 'applicationApiVersion'],
  ...['properties', 'required', 'form'],
];

/** Reads a schema within the limits of a manifest. Fails with template_invalid, saying what breaks which rule of the format. */
export function readDeployerSchema(text: string, where: string): DeployerSchema {
  const { value } = readYaml(text, { file: where });
  if (!isMap(value)) throw invalidSchema(where, 'is not a map');
  const extension = isMap(value['x-google-marketplace']) ? value['x-google-marketplace'] : {};
  const written = extension.schemaVersion ?? 'v1';
  if (written !== 'v1' && written !== 'v2') throw invalidSchema(where, `schemaVersion: ${quote(written)} is neither v1 nor v2`);
  const unknown = Object.keys(value).filter((key) => !KNOWN.includes(key));
  const properties = readProperties(value, written, where);
  return {
    schemaVersion: written,
    ...(written === 'v2' ? release(extension, where) : {}),
    properties,
    images: written === 'v2' ? imagesV2(extension, where) : imagesV1(properties),
    requires: requirements(extension.clusterConstraints),
    warnings: unknown.map((key) => `${quote(key)} is not a part of the format`),
  };
}

function release(extension: Json, where: string): Pick<DeployerSchema, 'publishedVersion' | 'releaseNote'> {
  const { publishedVersion, publishedVersionMetadata: metadata } = extension;
  if (typeof publishedVersion === 'string' && publishedVersion.includes('$'))
    throw invalidSchema(
      where,
      `publishedVersion: ${quote(publishedVersion)} is a placeholder of the source; build the image first`,
    );
  if (typeof publishedVersion !== 'string' || !isVersion(publishedVersion))
    throw invalidSchema(
      where,
      `publishedVersion: ${quote(publishedVersion)} is not a full semantic version in quotes, such as "1.4.2"`,
    );
  const note = isMap(metadata) ? metadata.releaseNote : undefined;
  return { publishedVersion, ...(typeof note === 'string' && note.trim() !== '' ? { releaseNote: note.trim() } : {}) };
}

function imagesV2({ images }: Json, where: string): Record<string, string> {
  if (!isMap(images)) throw invalidSchema(where, 'images: is missing; schema version v2 needs it, empty where there is none');
  return Object.fromEntries(Object.keys(images).map((name) => [name, name]));
}

function imagesV1(properties: readonly DeployerProperty[]): Record<string, string> {
  const images = properties.filter(({ special, schema }) => special === 'IMAGE' && typeof schema.default === 'string');
  return Object.fromEntries(images.map(({ name, schema }) => [name, String(schema.default)]));
}

/** What the format demands of a cluster and our templates can say too. */
function requirements(constraints: unknown): TemplateRequirements {
  if (!isMap(constraints)) return {};
  const { k8sVersion, resources } = constraints;
  const wanted = (Array.isArray(resources) ? resources : []).filter(isMap).flatMap((entry) => {
    const requests = isMap(entry.requests) ? textsOf(entry.requests) : {};
    const replicas = Number.isInteger(entry.replicas) && Number(entry.replicas) > 0 ? { replicas: Number(entry.replicas) } : {};
    return Object.keys(requests).length > 0 ? [{ ...replicas, requests }] : [];
  });
  return {
    ...(typeof k8sVersion === 'string' && isRange(k8sVersion) ? { kubernetes: k8sVersion } : {}),
    ...(wanted.length > 0 ? { resources: wanted } : {}),
  };
}

function textsOf({ cpu, memory }: Json): Record<string, string> {
  const given = Object.entries({ cpu, memory }).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}
