import type { TemplateDetail } from '../domain/registry.ts';
import type { TemplateManifest, TemplateSpec } from '../domain/template.ts';

/** A template as `show` and `validate` tell it: one shape for a directory and for a registry's template. */

export interface ParameterLine {
  name: string;
  /** JSON Schema type; several are joined by `|`. */
  type: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  required: boolean;
  secret: boolean;
  /** `password` or `certificate`: made up when it is not given. */
  generated?: string;
  immutable: boolean;
}

interface ImageLine {
  name: string;
  ref: string;
  digest?: string;
}

interface TemplateTrust {
  signedBy?: string;
  /** The content hash the author sealed. */
  sha256?: string;
  /** Whether the hash was computed and is the sealed one; null where the content was not read. */
  verified: boolean | null;
  note: string;
}

export interface TemplateSummary {
  name: string;
  version: string;
  displayName?: string;
  description: string;
  type: TemplateSpec['type'];
  category?: string;
  tags: string[];
  license?: string;
  homepage?: string;
  registry?: string;
  registryType?: string;
  digest?: string;
  /** Bytes of the archive. */
  size?: number;
  downloads?: number;
  /** 1..5 */
  rating?: number;
  ratingCount?: number;
  /** Somebody vouches for the owner of its name. */
  verified?: boolean;
  versions: string[];
  parameters: ParameterLine[];
  /** Where they come from, of a template that was not written for us: its `values.schema.json`, or guessed from its `values.yaml`. */
  parametersFrom?: NonNullable<TemplateDetail['parametersFrom']>;
  images: ImageLine[];
  /** The Kubernetes objects it renders to. */
  objects: unknown[];
  /** Those that are `bundled` come inside the archive. */
  dependencies: Array<NonNullable<TemplateSpec['dependencies']>[number] & { bundled?: boolean }>;
  outputs: Array<{ name: string; description?: string; from: string; secret: boolean }>;
  requires?: NonNullable<TemplateSpec['requires']>;
  trust: TemplateTrust;
}

type Schema = Record<string, unknown>;

/** The template of a directory, with what its content hash was judged to be. */
export function summaryOfManifest(manifest: TemplateManifest, judged: { verified: boolean; note: string }): TemplateSummary {
  return {
    ...shared(manifest),
    versions: [manifest.metadata.version],
    trust: { ...sealOf(manifest), verified: judged.verified, note: judged.note },
  };
}

/** The template of a registry. Its content was not read, so its seal is told and not judged. */
export function summaryOfDetail(detail: TemplateDetail): TemplateSummary {
  const { manifest, registry, registryType, digest, size, versions, tags = [], parametersFrom, packedDependencies = [] } = detail;
  const seal = sealOf(manifest);
  const note = seal.sha256 ? 'sealed by its author; an install checks the hash' : 'not sealed: no sha256 in the manifest';
  const own = shared(manifest);
  return {
    ...own,
    dependencies: [...own.dependencies, ...packedDependencies],
    tags,
    registry,
    registryType,
    ...(digest !== undefined && { digest }),
    size,
    ...standingOf(detail),
    ...(parametersFrom !== undefined && { parametersFrom }),
    versions,
    trust: { ...seal, verified: null, note },
  };
}

/** What the registry knows of it; absent where it says nothing. */
function standingOf({ downloads, rating, ratingCount, verified }: TemplateDetail) {
  return {
    ...(downloads !== undefined && { downloads }),
    ...(rating !== undefined && { rating }),
    ...(ratingCount !== undefined && { ratingCount }),
    ...(verified !== undefined && { verified }),
  };
}

function shared({ metadata, spec }: TemplateManifest): Omit<TemplateSummary, 'versions' | 'trust'> {
  const { name, version, displayName, description, category, tags = [], license, homepage } = metadata;
  return {
    name,
    version,
    ...(displayName !== undefined && { displayName }),
    description,
    type: spec.type,
    ...(category !== undefined && { category }),
    tags,
    ...(license !== undefined && { license }),
    ...(homepage !== undefined && { homepage }),
    parameters: parametersOf(spec.parameters),
    images: Object.entries(spec.images ?? {}).map(([image, { ref, digest }]) => ({
      name: image,
      ref,
      ...(digest !== undefined && { digest }),
    })),
    objects: [],
    dependencies: spec.dependencies ?? [],
    outputs: (spec.outputs ?? []).map((output) => ({
      name: output.name,
      ...(output.description !== undefined && { description: output.description }),
      from: output.from,
      secret: output.secret === true,
    })),
    ...(spec.requires && { requires: spec.requires }),
  };
}

function sealOf({ trust }: TemplateManifest): Pick<TemplateTrust, 'signedBy' | 'sha256'> {
  return { ...(trust?.signed_by && { signedBy: trust.signed_by }), ...(trust?.sha256 && { sha256: trust.sha256 }) };
}

/** The parameters of a schema's top level, in its order. */
function parametersOf(schema: Schema = {}): ParameterLine[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(asSchema(schema.properties)).map(([name, property]) =>
    lineOf(name, resolved(schema, asSchema(property)), required.includes(name)),
  );
}

function lineOf(name: string, property: Schema, required: boolean): ParameterLine {
  const { description, title } = property;
  const extension = asSchema(property['x-chandlery']);
  const words = description ?? title;
  return {
    name,
    type: typeOf(property),
    ...(typeof words === 'string' && { description: words }),
    ...(Object.hasOwn(property, 'default') && { default: property.default }),
    ...(Array.isArray(property.enum) && { enum: property.enum }),
    required,
    secret: extension.secret === true,
    ...(typeof extension.generated === 'string' && { generated: extension.generated }),
    immutable: extension.immutable === true,
  };
}

function typeOf({ type, enum: values }: Schema): string {
  if (type !== undefined) return [type].flat().join('|');
  return Array.isArray(values) ? [...new Set(values.map((value) => typeof value))].join('|') : 'any';
}

/** A `$ref` into `$defs` of the same schema is followed once; what stands beside it wins. */
function resolved(root: Schema, property: Schema): Schema {
  const [, name] = /^#\/\$defs\/([^/]+)$/.exec(String(property.$ref ?? '')) ?? [];
  return name === undefined ? property : { ...asSchema(asSchema(root.$defs)[name]), ...property };
}

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : {};
}
