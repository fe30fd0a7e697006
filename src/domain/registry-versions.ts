import { ChandleryError } from './errors.ts';
import type { VersionEntry } from './registry.ts';
import { similarNames } from './similar-names.ts';
import { compareVersions, isPrerelease } from './versions.ts';

/** Versions shown to somebody who asked for one that is not there. */
const MAX_VERSION_SUGGESTIONS = 10;

/** Newest first. */
export function newestFirst<T extends { version: string }>(entries: readonly T[]): T[] {
  return [...entries].sort((a, b) => compareVersions(b.version, a.version));
}

/** The version a bare name means: the newest that is neither yanked nor a pre-release, else the newest. */
export function defaultVersion<T extends Pick<VersionEntry, 'version' | 'yanked'>>(entries: readonly T[]): T | undefined {
  const sorted = newestFirst(entries);
  return sorted.find(({ version, yanked }) => !yanked && !isPrerelease(version)) ?? sorted[0];
}

export function templateNotFound(registry: string, name: string, known: readonly string[] = []): ChandleryError {
  const alternatives = similarNames(name, known);
  return new ChandleryError('template_not_found', `Registry ${registry} has no template ${quoted(name)}`, {
    registry,
    template: name.slice(0, MAX_SHOWN),
    ...(alternatives.length > 0 ? { alternatives } : {}),
  });
}

export function versionNotFound(registry: string, name: string, version: string, known: readonly string[] = []): ChandleryError {
  const alternatives = known.slice(0, MAX_VERSION_SUGGESTIONS);
  return new ChandleryError('version_not_found', `Registry ${registry} has no version ${quoted(version)} of ${name}`, {
    registry,
    template: `${name}@${version.slice(0, MAX_SHOWN)}`,
    ...(alternatives.length > 0 ? { alternatives } : {}),
  });
}

/** Characters of a text from a request that an error repeats. */
const MAX_SHOWN = 100;

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, MAX_SHOWN));
}
