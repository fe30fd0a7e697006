import { z } from 'zod';
import { isDigest } from './digest.ts';
import { isTemplateName } from './reference.ts';
import type { DependencySpec, SearchPage, TemplateDetail, TemplateSummary, VersionEntry } from './registry.ts';
import type { TemplateManifest } from './template.ts';
import { isVersion } from './versions.ts';

/**
 * The registry protocol's answers. The server documents itself with these, and the client reads other servers' answers through
 * them: unknown keys are dropped (a newer server may say more), known ones must be right.
 */

export const LIMITS = Object.freeze({
  /** characters; a registry name */
  name: 63,
  /** characters; the longest template name is a pack's group.verb */
  templateName: 127,
  /** characters; semver's own recommendation for stores */
  version: 256,
  /** characters of any free text */
  text: 4_096,
  /** characters; a readme is shown, not stored */
  readme: 512 * 1024,
  /** characters; one Sigstore bundle */
  signature: 128 * 1024,
  /** signatures of one version */
  signatures: 10,
  /** entries of any list in one template */
  list: 256,
  /** versions of one template */
  versions: 10_000,
  /** templates on one page */
  page: 100,
});

const text = z.string().max(LIMITS.text);
export const templateNameSchema = z.string().max(LIMITS.templateName).refine(isTemplateName, 'not a template name').meta({
  id: 'TemplateName',
  description: 'Lower-case letters, digits and inner hyphens; packs: group.verb.',
  example: 'redis',
});
export const versionSchema = z
  .string()
  .max(LIMITS.version)
  .refine(isVersion, 'not a semantic version')
  .meta({ id: 'TemplateVersion', description: 'Semantic version without a leading v.', example: '7.2.1' });
const digestSchema = z
  .string()
  .refine(isDigest, 'not a sha256 digest')
  .meta({ id: 'Digest', description: 'SHA-256 of the archive as served.', example: `sha256:${'0'.repeat(64)}` });
const registryTypeSchema = z
  .enum(['official', 'community', 'institutional', 'private'])
  .meta({ id: 'RegistryType', description: 'Trust class of a registry.' });
export const templateTypeSchema = z
  .enum(['workload', 'manifests', 'helm', 'deployer', 'pack', 'stack'])
  .meta({ id: 'TemplateType' });

const dependencySchema = z
  .object({
    name: templateNameSchema,
    version: z.string().min(1).max(LIMITS.version),
    registry: z.string().max(LIMITS.name).exactOptional(),
    optional: z.boolean().exactOptional(),
    scope: z.enum(['namespace', 'cluster']).exactOptional(),
    bundled: z.boolean().exactOptional(),
  })
  .meta({ id: 'Dependency', description: 'A range another template asks for.' }) satisfies z.ZodType<DependencySpec>;

const versionEntrySchema = z
  .object({
    version: versionSchema,
    digest: digestSchema,
    size: z.int().nonnegative(),
    dependencies: z.array(dependencySchema).max(LIMITS.list),
    yanked: z.boolean().exactOptional(),
    publishedAt: z.iso.datetime({ offset: true }).exactOptional(),
  })
  .meta({ id: 'VersionEntry', description: 'One published version.' }) satisfies z.ZodType<VersionEntry>;

export const versionListSchema = z
  .object({ versions: z.array(versionEntrySchema).max(LIMITS.versions) })
  .meta({ id: 'VersionList', description: 'Newest first.' });

const summaryShape = {
  name: templateNameSchema,
  version: versionSchema,
  displayName: text.exactOptional(),
  description: text,
  category: text.exactOptional(),
  tags: z.array(text).max(LIMITS.list),
  license: text.exactOptional(),
  type: templateTypeSchema,
  registry: z.string().max(LIMITS.name),
  registryType: registryTypeSchema,
  digest: digestSchema.exactOptional(),
  homepage: text.exactOptional(),
  icon: text.exactOptional(),
  downloads: z.int().nonnegative().exactOptional(),
  rating: z.number().min(0).max(5).exactOptional(),
  ratingCount: z.int().nonnegative().exactOptional(),
  verified: z.boolean().exactOptional(),
  deprecated: z.boolean().exactOptional(),
  updatedAt: z.iso.datetime({ offset: true }).exactOptional(),
};
export const templateSummarySchema = z
  .object(summaryShape)
  .meta({ id: 'TemplateSummary', description: 'One line of a search answer.' }) satisfies z.ZodType<TemplateSummary>;

export const searchPageSchema = z
  .object({
    templates: z.array(templateSummarySchema).max(LIMITS.page),
    total: z.int().nonnegative(),
    nextCursor: z.string().max(LIMITS.text).exactOptional(),
  })
  .meta({ id: 'SearchPage' }) satisfies z.ZodType<SearchPage>;

/** Only the parts a registry answer is used for; the manifest inside the verified archive is what gets installed. */
const manifestShape = z
  .looseObject({
    apiVersion: z.literal('chandlery.dev/v1'),
    kind: z.literal('Template'),
    metadata: z.looseObject({ name: templateNameSchema, version: versionSchema, description: text }),
    spec: z.looseObject({ type: templateTypeSchema }),
  })
  .meta({ id: 'TemplateManifest', description: 'The template.yaml of the version; see the template schema for the rest.' });
const manifestSchema = manifestShape as unknown as z.ZodType<TemplateManifest>;

export const templateDetailSchema = z
  .object({
    ...summaryShape,
    manifest: manifestSchema,
    versions: z.array(versionSchema).max(LIMITS.versions),
    size: z.int().nonnegative(),
    readme: z.string().max(LIMITS.readme).exactOptional(),
    parametersFrom: z.enum(['schema', 'inferred']).exactOptional(),
    packedDependencies: z
      .array(dependencySchema)
      .max(LIMITS.list)
      .meta({
        description: 'What comes inside the archive, as the subcharts of a chart do: neither resolved nor installed by itself.',
      })
      .exactOptional(),
    signatures: z
      .array(z.string().max(LIMITS.signature))
      .max(LIMITS.signatures)
      .meta({ description: 'Sigstore bundles of the archive, as text. Nothing of them was verified by the server that answers.' })
      .exactOptional(),
  })
  .meta({ id: 'TemplateDetail' }) satisfies z.ZodType<TemplateDetail>;

export const categoryListSchema = z
  .object({ categories: z.array(z.object({ name: text, count: z.int().positive() })) })
  .meta({ id: 'CategoryList', description: 'Categories in use, with the number of templates.' });
