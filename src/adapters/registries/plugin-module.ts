import { z } from 'zod';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { RegistryPlugin, TemplateDetail, TemplateSummary, VersionEntry } from '../../domain/registry.ts';
import { searchPageSchema, templateDetailSchema, versionListSchema } from '../../domain/registry-schemas.ts';
import { newestFirst } from '../../domain/registry-versions.ts';
import { PLUGIN_LIMITS, PluginCalls, type PluginLimits } from './plugin-calls.ts';
import { listOf, openArchiveOf } from './plugin-streams.ts';

export interface ModuleRegistryOptions {
  limits?: Partial<PluginLimits>;
  /** Told when the module cannot be loaded at start; each call fails with the same. */
  onFailure?: (error: Error) => void;
}

export interface ModuleRegistry extends RegistryPlugin {
  /** Ends its process. */
  close(): Promise<void>;
}

const connectionSchema = z
  .object({ expiresAt: z.iso.datetime({ offset: true }).exactOptional() })
  .nullish()
  .transform((answer) => answer ?? {});
/** Versions asked for one by one where the plugin has no list of them. */
const MAX_ASKED_VERSIONS = 50;

/**
 * A registry that is a module of the operator's own (reference 2's RegistryPlugin). It runs in a process, loaded at start; every answer is
 * read through the schemas of the registry protocol, every call has a time limit, and what it cannot do (list, listVersions, openArchive)
 * is made from what it can, or refused. Fails with config_invalid for a module that is no plugin, registry_unavailable for one that does
 * not answer, registry_invalid for one that throws or answers something else, and with the codes the plugin names (plugin-calls.ts).
 */
export function createModuleRegistry(config: RegistryConfig, options: ModuleRegistryOptions = {}): ModuleRegistry {
  const { name, type } = config;
  const calls = new PluginCalls(config, { ...PLUGIN_LIMITS, ...options.limits });
  const ours = <T extends TemplateSummary>(summary: T): T => ({ ...summary, registry: name, registryType: type });
  const source = { calls, config, ours };
  calls.load().catch((error: Error) => options.onFailure?.(error));
  return {
    name,
    kind: 'plugin',
    type,
    async connect(signal) {
      const { name, type, url, credentials } = config;
      const answer = await calls.call(
        'connect',
        [{ name, type, ...(url && { url }), ...(credentials && { credentials }) }],
        signal,
      );
      const info = checked(calls, connectionSchema, answer, 'connect');
      return { credential: credentials?.type ?? 'none', ...info };
    },
    async search(filter, signal) {
      const page = checked(calls, searchPageSchema, await calls.call('search', [filter], signal), 'search');
      return { ...page, templates: page.templates.map(ours) };
    },
    list: (listing) => listOf(source, listing),
    getTemplate: async (template, version, signal) => ours(await detailOf(calls, template, version, signal)),
    async listVersions(template, signal) {
      const methods = await calls.load();
      if (!methods.has('listVersions')) return versionsOf(calls, template, signal);
      const answer = await calls.call('listVersions', [template], signal);
      const { versions } = checked(
        calls,
        versionListSchema,
        Array.isArray(answer) ? { versions: answer } : answer,
        'listVersions',
      );
      if (new Set(versions.map(({ version }) => version)).size < versions.length)
        throw calls.invalid(`listVersions: a version of ${template} is there twice`);
      return newestFirst(versions);
    },
    openArchive: (template, version, range) => openArchiveOf(calls, template, version, range),
    close: () => calls.close(),
  };
}

function checked<T>(calls: PluginCalls, schema: z.ZodType<T>, answer: unknown, method: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw calls.invalid(`${method}: ${issue?.path.join('.') || 'the answer'}: ${issue?.message ?? 'not valid'}`);
}

async function detailOf(
  calls: PluginCalls,
  template: string,
  version: string | undefined,
  signal: AbortSignal | undefined,
): Promise<TemplateDetail> {
  const detail = checked(
    calls,
    templateDetailSchema,
    await calls.call('getTemplate', [template, version], signal),
    'getTemplate',
  );
  const { metadata } = detail.manifest;
  const isAsked = detail.name === template && (version === undefined || detail.version === version);
  if (isAsked && metadata.name === detail.name && metadata.version === detail.version) return detail;
  const asked = version === undefined ? template : `${template}@${version}`;
  throw calls.invalid(`getTemplate: asked for ${asked}, answered ${detail.name}@${detail.version}`);
}

/** One getTemplate for each version, newest first. A version whose detail names no digest cannot be installed, and so is not listed. */
async function versionsOf(calls: PluginCalls, template: string, signal: AbortSignal | undefined): Promise<VersionEntry[]> {
  const { versions } = await detailOf(calls, template, undefined, signal);
  const newest = newestFirst([...new Set(versions)].map((version) => ({ version }))).slice(0, MAX_ASKED_VERSIONS);
  const entries: VersionEntry[] = [];
  for (const { version } of newest) {
    const { digest, size, manifest } = await detailOf(calls, template, version, signal).catch(absent);
    if (digest === undefined) continue;
    const dependencies = (manifest?.spec.dependencies ?? []).map(({ parameters: _parameters, ...dependency }) => dependency);
    entries.push({ version, digest, size: size ?? 0, dependencies });
  }
  if (entries.length > 0) return entries;
  throw calls.invalid(`it names no digest of any version of ${template}, so none can be installed`);
}

/** Between two questions a version may have gone. */
function absent(error: unknown): Partial<TemplateDetail> {
  if (error instanceof ChandleryError && error.code === 'version_not_found') return {};
  throw error;
}
