import type { TemplateImage, TemplateManifest } from '../template.ts';
import { formOf } from './deployer-properties.ts';
import { type DeployerSchema, readDeployerSchema } from './deployer-schema.ts';
import { invalidSchema, quote } from './deployer-words.ts';

/** One version of an application as its deployer image gives it. */
export interface DeployerImage {
  /** Template name: the last part of the prefix. */
  name: string;
  /** The image's tag as a semantic version. */
  version: string;
  tag: string;
  /** Reference of the repository without `/deployer`: `gcr.io/acme/redis`. */
  prefix: string;
  /** `sha256:<hex>` of the deployer image */
  digest: string;
  description?: string;
}

const MAX_DESCRIPTION = 2_000;

/**
 * The template a deployer image is: type `deployer`, the image pinned by digest, the form from its schema.yaml. Fails with
 * template_invalid when the schema breaks the format, or says that it belongs to another version than the tag.
 */
export function deployerManifest(image: DeployerImage, schemaText: string, where: string): TemplateManifest {
  const schema = readDeployerSchema(schemaText, where);
  const { publishedVersion = image.version } = schema;
  if (publishedVersion !== image.version)
    throw invalidSchema(where, `publishedVersion: ${quote(publishedVersion)} is not the version of the tag ${quote(image.tag)}`);
  const images = imagesOf(image, schema);
  return {
    apiVersion: 'chandlery.dev/v1',
    kind: 'Template',
    metadata: { name: image.name, version: image.version, description: describe(image, schema.releaseNote) },
    spec: {
      type: 'deployer',
      content: { image: `${image.prefix}/deployer@${image.digest}` },
      parameters: formOf(schema.properties),
      ...(Object.keys(images).length > 0 ? { images } : {}),
      ...(Object.keys(schema.requires).length > 0 ? { requires: schema.requires } : {}),
    },
  };
}

function describe({ name, description }: DeployerImage, releaseNote: string | undefined): string {
  const text = description ?? `Application ${name}, installed by its deployer image.`;
  return (releaseNote === undefined ? text : `${text} This release: ${releaseNote}`).slice(0, MAX_DESCRIPTION);
}

/** Names of v2 are relative to the prefix of the deployer that is really used; of v1 they are whole references. */
function imagesOf(
  { prefix, name, tag }: DeployerImage,
  { images, schemaVersion }: DeployerSchema,
): Record<string, TemplateImage> {
  const entries = Object.entries(images).map(([key, ref]): [string, TemplateImage] => {
    if (schemaVersion === 'v1') return [key, { ref }];
    return [key === '' ? name : key, { ref: `${ref === '' ? prefix : `${prefix}/${ref}`}:${tag}` }];
  });
  return Object.fromEntries(entries);
}
