import { locateDependencies, type RegistryOf, withDependencies } from '../../domain/foreign/chart-dependencies.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { RegistryPlugin, RegistryType, TemplateSummary } from '../../domain/registry.ts';
import { LIMITS } from '../../domain/registry-schemas.ts';
import { defaultVersion } from '../../domain/registry-versions.ts';
import { searchTemplates } from '../../domain/search-page.ts';
import type { GitClient } from '../git/client.ts';
import { inBatches } from './batches.ts';
import { type GitIndex, GitReader, type GitVersion, versionOf, versionsOf } from './git-index.ts';
import { packedArchive } from './packed-archive.ts';

/** Its `close` gives the copy on the disk up when nobody reads it; a later question would fetch it anew. */
export type GitRegistry = RegistryPlugin & { close(): Promise<void> };

export interface GitRegistryDeps {
  git: GitClient;
  /** For the dependencies of charts; without it none but the packed ones are known. */
  registryOf?: RegistryOf;
}

/**
 * A registry that is a git repository: each folder of the branch with a template.yaml, Chart.yaml or helmdeck-pack.yaml is a version, and
 * so is what the newest release tags hold. Archives are packed from git's objects, so that their digest depends on the content only.
 */
export function createGitRegistry(config: RegistryConfig, { git, registryOf = () => undefined }: GitRegistryDeps): GitRegistry {
  const { name, type, url, credentials, ca, allowHttp } = config;
  const remote = { registry: name, url, ...(credentials && { credentials }), ...(ca !== undefined && { ca }) };
  const mirror = git.mirror({ ...remote, ...(allowHttp && { allowHttp }) });
  const reader = new GitReader(config, mirror);
  const located = ({ template: { manifest, missing = [] } }: GitVersion) =>
    locateDependencies(missing, manifest.metadata.name, registryOf);
  const summaries = (index: GitIndex) =>
    [...index.versions.values()].flatMap((versions) => summaryOf(defaultVersion(versions), name, type));
  return {
    name,
    kind: 'git',
    type,
    async connect(signal) {
      await reader.state(signal);
      return { credential: credentials?.type ?? 'none' };
    },
    search: (filter, signal) => reader.withIndex((index) => searchTemplates(summaries(index), filter), signal),
    async list({ validator, signal, onProblem } = {}) {
      const state = await reader.state(signal);
      if (state.validator === validator) return { unchanged: true };
      return reader.withIndex(
        (index) => {
          for (const problem of index.problems) onProblem?.(problem);
          return { unchanged: false, validator: state.validator, templates: inBatches(summaries(index), signal) };
        },
        signal,
        state,
      );
    },
    getTemplate: (template, version, signal) =>
      reader.withIndex(async (index) => {
        const versions = versionsOf(index, name, template);
        const wanted = version ?? defaultVersion(versions)?.version ?? '';
        const chosen = versionOf(index, name, template, wanted);
        const [summary] = summaryOf(chosen, name, type);
        const readme = await reader.readme(chosen, signal);
        const { manifest, parametersFrom, dependencies } = chosen.template;
        const packed = dependencies.filter(({ bundled }) => bundled);
        return {
          ...(summary as TemplateSummary),
          manifest: withDependencies(manifest, located(chosen)),
          versions: versions.map((other) => other.version),
          size: 0,
          ...(readme !== undefined && { readme }),
          ...(parametersFrom !== undefined && { parametersFrom }),
          ...(packed.length > 0 && { packedDependencies: packed }),
        };
      }, signal),
    listVersions: (template, signal) =>
      reader.withIndex(async (index) => {
        const entries = [];
        for (const found of versionsOf(index, name, template)) {
          const { digest, size } = await reader.digest(found, signal);
          const dependencies = [...found.template.dependencies, ...located(found)];
          entries.push({ version: found.version, digest, size, dependencies });
        }
        return entries;
      }, signal),
    async openArchive(template, version, range = {}) {
      const { bytes, digest } = await reader.withIndex(
        (index) => reader.pack(versionOf(index, name, template, version), range.signal),
        range.signal,
      );
      return packedArchive(bytes, digest, range);
    },
    close: () => mirror.exclusive(() => mirror.drop()),
  };
}

function summaryOf(found: GitVersion | undefined, registry: string, registryType: RegistryType): TemplateSummary[] {
  if (!found) return [];
  const { name, version, displayName, description, category, tags, license, homepage, icon } = found.template.manifest.metadata;
  return [
    {
      name,
      version,
      ...(displayName !== undefined && { displayName }),
      description: description.slice(0, LIMITS.text),
      ...(category !== undefined && { category }),
      tags: tags ?? [],
      ...(license !== undefined && { license }),
      type: found.template.manifest.spec.type,
      registry,
      registryType,
      ...(homepage !== undefined && { homepage }),
      ...(icon !== undefined && { icon }),
    },
  ];
}
