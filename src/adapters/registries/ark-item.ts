import { z } from 'zod';
import { isTemplateName } from '../../domain/reference.ts';
import type { DependencySpec, RegistryType, TemplateSummary } from '../../domain/registry.ts';
import { LIMITS, templateNameSchema } from '../../domain/registry-schemas.ts';
import type { TemplateManifest } from '../../domain/template.ts';
import { isPrerelease, isVersion } from '../../domain/versions.ts';

/** One item of a `marketplace.json`, and what it is as a template of ours. */

/** Helm arguments an item may ask for. They are raw arguments of a command line upstream, so everything else is refused. */
const INSTALL_ARGS: ReadonlySet<string> = new Set(['--create-namespace', '--wait', '--atomic']);
/** A repository of an OCI registry, without tag and digest. */
const CHART_PATH = /^oci:\/\/[A-Za-z0-9.-]+(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/;

const text = z.string().max(LIMITS.text);
const optional = text.nullish();
/** Members that are missing or null are the same; unknown ones are left alone. */
const arkSchema = z.looseObject({
  chartPath: z.string().max(512).regex(CHART_PATH, 'must be oci://host/path/name without a tag'),
  namespace: optional,
  helmReleaseName: optional,
  installArgs: z.array(z.string().max(256)).max(32).nullish(),
  k8sServiceName: optional,
  k8sServicePort: z.int().min(1).max(65_535).nullish(),
  k8sDeploymentName: optional,
  dependencies: z.array(z.string().max(LIMITS.templateName)).max(LIMITS.list).nullish(),
});
const itemSchema = z.looseObject({
  name: templateNameSchema,
  version: z.string().max(LIMITS.version),
  type: optional,
  displayName: optional,
  description: optional,
  category: optional,
  license: optional,
  homepage: optional,
  repository: optional,
  documentation: optional,
  author: optional,
  icon: optional,
  tags: z.array(text).max(LIMITS.list).nullish(),
  ark: arkSchema,
});

/** An item that can be installed. */
export interface ArkItem {
  name: string;
  /** Without the leading `v` that it may be written with; the tag of the chart may have one too. */
  version: string;
  /** `oci://host/path/name` */
  chart: string;
  /** Names of other items of the same source. */
  needs: string[];
  value: z.infer<typeof itemSchema>;
}

/** The item, or in words why it is none. */
export function readItem(value: unknown): ArkItem | string {
  const parsed = itemSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${issue?.path.join('.') || 'the item'}: ${issue?.message ?? 'not valid'}`;
  }
  const item = parsed.data;
  const version = item.version.replace(/^v/, '');
  if (!isVersion(version)) return `version: ${JSON.stringify(item.version.slice(0, 100))} is not a semantic version`;
  const chart = item.ark.chartPath;
  const refused = item.ark.installArgs?.find((argument) => !INSTALL_ARGS.has(argument));
  if (refused !== undefined)
    return `ark.installArgs: ${JSON.stringify(refused.slice(0, 100))} is not allowed; ${[...INSTALL_ARGS].join(', ')} are`;
  const needs = [...new Set(item.ark.dependencies ?? [])];
  const wrong = needs.find((name) => !isTemplateName(name) || name === item.name);
  if (wrong !== undefined) return `ark.dependencies: ${JSON.stringify(wrong.slice(0, 100))} cannot be a dependency`;
  return { name: item.name, version, chart, needs, value: item };
}

/**
 * Dependencies as ours. A source has one version of each item, and a newer one of a dependency is no reason to touch what needs it: any
 * release will do (`*`). A pre-release fits no open range, so one that is all there is gets named exactly.
 */
export function dependenciesOf(item: ArkItem, items: ReadonlyMap<string, ArkItem>): DependencySpec[] {
  return item.needs.map((name) => {
    const version = items.get(name)?.version;
    return { name, version: version !== undefined && isPrerelease(version) ? version : '*' };
  });
}

/** The line of the catalog. There is no digest in it: only asking the OCI registry would tell. */
export function summaryOf({ name, version, value }: ArkItem, registry: string, registryType: RegistryType): TemplateSummary {
  const { displayName, description, category, license, homepage, icon, tags } = value;
  return {
    name,
    version,
    ...(displayName && { displayName }),
    description: description || displayName || name,
    ...(category && { category }),
    tags: tags ?? [],
    ...(license && { license }),
    type: 'helm',
    registry,
    registryType,
    ...(isWebUrl(homepage) && { homepage }),
    ...(isWebUrl(icon) && { icon }),
  };
}

/** What the marketplace says about the item; the chart in the archive says the rest. */
export function manifestOf(item: ArkItem, dependencies: DependencySpec[]): TemplateManifest {
  const { displayName, description, category, license, homepage, icon, tags, author } = item.value;
  const { type, repository, documentation, ark } = item.value;
  const { chartPath: _chart, dependencies: _needs, ...more } = ark;
  return {
    apiVersion: 'chandlery.dev/v1',
    kind: 'Template',
    metadata: {
      name: item.name,
      version: item.version,
      ...(displayName && { displayName }),
      description: description || displayName || item.name,
      ...(license && { license }),
      ...(category && { category }),
      ...(tags && { tags }),
      ...(author && { maintainers: [{ name: author }] }),
      ...(isWebUrl(icon) && { icon }),
      ...(isWebUrl(homepage) && { homepage }),
    },
    spec: {
      type: 'helm',
      content: { chart: item.chart },
      ...(dependencies.length > 0 && { dependencies: dependencies.map(({ name, version }) => ({ name, version })) }),
    },
    marketplace: {
      ark: { ...more, ...(type && { type }), ...(repository && { repository }), ...(documentation && { documentation }) },
    },
  };
}

/** Shown as a link and as an image: nothing but the web may be behind it. */
function isWebUrl(text: string | null | undefined): text is string {
  return typeof text === 'string' && URL.canParse(text) && ['https:', 'http:'].includes(new URL(text).protocol);
}
