import { ChandleryError } from '../errors.ts';
import type { DependencySpec } from '../registry.ts';
import { MANIFEST_FILE, type TemplateManifest } from '../template.ts';
import { parseTemplate } from '../template-parse.ts';
import { CHART_FORMAT } from './chart.ts';
import type { ForeignFiles, ForeignFormat, ForeignManifest } from './format.ts';
import { PACK_FORMAT } from './pack-format.ts';

export type { ForeignFiles, ForeignManifest } from './format.ts';

/** Formats besides our own, in the order they are tried; a template.yaml at the root comes before all of them. */
const FORMATS: readonly ForeignFormat[] = [PACK_FORMAT, CHART_FORMAT];

/** One file that tells what an archive means; the largest values.yaml of known charts is 250 KB. Bytes. */
const MAX_TEXT_BYTES = 1024 * 1024;
/** All of them together: archives with thousands of directories could name thousands of values.yaml. Bytes. */
const MAX_TEXTS_BYTES = 8 * 1024 * 1024;

/** What an archive means. `foreign` is absent for one with a template.yaml of ours. */
export interface ArchiveMeaning {
  manifest: TemplateManifest;
  /** The file that may hold the seal, and so is left out of the content hash. */
  manifestFile: string;
  foreign?: Omit<ForeignManifest, 'manifest'> & {
    /** Its name and version are its own and must be what the registry promised; otherwise the registry's count. */
    ownIdentity: boolean;
  };
}

/** Which files an archive's meaning is read from; for `keep` of one reading of one archive, since it counts what it lets in. */
export function foreignKeep(): (path: string, size: number) => boolean {
  let left = MAX_TEXTS_BYTES;
  return (path, size) => {
    // Ours has a limit of its own, which says so in words.
    if (path === MANIFEST_FILE) return true;
    if (size > MAX_TEXT_BYTES || !FORMATS.some((format) => format.needs(path))) return false;
    left -= size;
    return left >= 0;
  };
}

/** What kept bodies and the list of paths give. */
export function archiveFiles(paths: readonly string[], bodies: ReadonlyMap<string, Uint8Array>): ForeignFiles {
  const decoder = new TextDecoder('utf-8');
  return {
    paths,
    text: (path) => {
      const body = bodies.get(path);
      return body === undefined ? undefined : decoder.decode(body);
    },
  };
}

/**
 * Works out what an archive is: a template of ours (`template.yaml` at the root), a helmdeck pack (`helmdeck-pack.yaml` at the root) or a
 * Helm chart (one directory with a Chart.yaml). Fails with template_invalid; `where` names the archive.
 */
export function manifestOfArchive(files: ForeignFiles, where: string): ArchiveMeaning {
  if (files.paths.includes(MANIFEST_FILE))
    return { manifest: parseTemplate(files.text(MANIFEST_FILE) ?? '', `${where}/${MANIFEST_FILE}`), manifestFile: MANIFEST_FILE };
  for (const format of FORMATS) {
    const marker = format.marker(files.paths);
    if (marker === undefined) continue;
    const { manifest, ...about } = format.read(files, marker, where);
    const { format: name, notes, parametersFrom, readme, missing = [] } = about;
    return {
      manifest,
      manifestFile: marker,
      foreign: {
        format: name,
        notes,
        ownIdentity: format.ownIdentity === true,
        ...(parametersFrom === undefined ? {} : { parametersFrom }),
        ...(readme === undefined ? {} : { readme }),
        ...(missing.length === 0 ? {} : { missing }),
      },
    };
  }
  throw new ChandleryError(
    'template_invalid',
    `${where}: it holds no ${MANIFEST_FILE} at its root, and is neither a Helm chart (one directory with a Chart.yaml) nor a helmdeck pack`,
  );
}

/** A foreign manifest under the name, version and dependencies by which it was chosen: an archive may be listed under another name than its own. */
export function withIdentity(
  manifest: TemplateManifest,
  identity: { name: string; version: string; dependencies?: readonly DependencySpec[] },
): TemplateManifest {
  const { name, version, dependencies = [] } = identity;
  const { dependencies: _own, ...spec } = manifest.spec;
  const locked = dependencies.map(({ bundled: _bundled, ...dependency }) => dependency);
  return {
    ...manifest,
    metadata: { ...manifest.metadata, name, version },
    spec: { ...spec, ...(locked.length > 0 ? { dependencies: locked } : {}) },
  };
}
