import { setImmediate as nextTurn } from 'node:timers/promises';
import { DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { chartManifest } from '../../domain/foreign/chart.ts';
import type { MissingDependency } from '../../domain/foreign/chart-dependencies.ts';
import type { ForeignFiles } from '../../domain/foreign/format.ts';
import { PACK_FILE, packManifest } from '../../domain/foreign/pack.ts';
import { isTemplateName } from '../../domain/reference.ts';
import type { DependencySpec, ListingProblem } from '../../domain/registry.ts';
import type { TemplateManifest } from '../../domain/template.ts';
import { parseTemplate } from '../../domain/template-parse.ts';
import { isVersion } from '../../domain/versions.ts';
import { checkPath } from '../archive/path-rules.ts';
import type { Mirror } from '../git/mirror.ts';
import type { TreeEntry } from '../git/tree.ts';
import { CHART_FILE, type TemplateFolder, templateFolders } from './git-folders.ts';

/** One version of a template as it lies in a commit. */
export interface GitTemplate {
  manifest: TemplateManifest;
  dependencies: DependencySpec[];
  /** Of a chart: which registry has them is asked anew each time, since a commit is kept for longer than the registries stay the same. */
  missing?: MissingDependency[];
  parametersFrom?: 'schema' | 'inferred';
  /** Its folder, for people. */
  folder: string;
  /** The files as the archive names them. */
  files: TreeEntry[];
  /** The same for the same archive. */
  contentKey: string;
  readme?: string;
}

export interface ReadTree {
  templates: GitTemplate[];
  problems: ListingProblem[];
}

const CHART_TEXTS: readonly string[] = [CHART_FILE, 'requirements.yaml', 'values.yaml', 'values.schema.json'];
/** Folders of one commit that are read. */
const MAX_FOLDERS = 2_000;
/** One file that a manifest is read from, bytes; larger ones are as good as absent. */
const MAX_TEXT_BYTES = 1024 * 1024;
/** All such files of one commit, bytes. */
const MAX_TEXTS_BYTES = 64 * 1024 * 1024;
/** A template is configuration, not data. Bytes. */
export const GIT_ARCHIVE_LIMITS = {
  ...DEFAULT_ARCHIVE_LIMITS,
  maxArchiveBytes: 64 * 1024 * 1024,
  maxUnpackedBytes: 64 * 1024 * 1024,
};

/**
 * Every folder with a template.yaml, helmdeck-pack.yaml or Chart.yaml, the outermost ones: what lies inside one belongs to it, as a chart's
 * subcharts do. One that cannot be used is a problem and takes nothing from the others.
 */
export async function readTemplates(
  mirror: Mirror,
  tree: { id: string; entries: TreeEntry[] },
  signal?: AbortSignal,
): Promise<ReadTree> {
  const result: ReadTree = { templates: [], problems: [] };
  const folders = templateFolders(tree);
  if (folders.length > MAX_FOLDERS)
    result.problems.push({
      subject: 'folders',
      message: `only the first ${MAX_FOLDERS} of ${folders.length} templates are read`,
    });
  const used = folders.slice(0, MAX_FOLDERS);
  const texts = await readTexts(mirror, used, signal);
  for (const folder of used) {
    // A manifest may be long to parse, and there may be thousands.
    await nextTurn();
    try {
      result.templates.push(readFolder(folder, texts));
    } catch (error) {
      if (!(error instanceof ChandleryError)) throw error;
      result.problems.push({ subject: folder.path || 'the root folder', message: error.message });
    }
  }
  return result;
}

async function readTexts(mirror: Mirror, folders: readonly TemplateFolder[], signal?: AbortSignal): Promise<Map<string, Buffer>> {
  let left = MAX_TEXTS_BYTES;
  const wanted = folders.flatMap(({ marker, entries }) =>
    entries.filter(({ path, kind, size }) => {
      const isText = marker === CHART_FILE ? CHART_TEXTS.includes(path) : path === marker;
      if (!isText || !isFile(kind) || size > MAX_TEXT_BYTES || size > left) return false;
      left -= size;
      return true;
    }),
  );
  return mirror.files(wanted, signal);
}

function isFile(kind: TreeEntry['kind']): boolean {
  return kind === 'file' || kind === 'executable';
}

function readFolder(folder: TemplateFolder, texts: ReadonlyMap<string, Buffer>): GitTemplate {
  checkEntries(folder);
  const bodies = new Map(folder.entries.map(({ path, id }) => [path, texts.get(id)]));
  const text = (path: string) => bodies.get(path)?.toString('utf8');
  if (folder.marker === CHART_FILE) return readChart(folder, text);
  const where = [folder.path, folder.marker].filter(Boolean).join('/');
  const body = text(folder.marker);
  if (body === undefined) throw new ChandleryError('template_invalid', `${where}: larger than ${MAX_TEXT_BYTES} bytes`);
  const manifest = folder.marker === PACK_FILE ? packManifest(body, where) : parseTemplate(body, where);
  const readme = manifest.metadata.readme;
  return {
    manifest,
    // Parameters of a dependency are the installer's business; the resolver needs only what decides versions.
    dependencies: (manifest.spec.dependencies ?? []).map(({ parameters: _parameters, ...spec }) => spec),
    folder: folder.path,
    files: folder.entries,
    contentKey: folder.id,
    ...(readme !== undefined && { readme }),
  };
}

/** The archive of a chart has it in a folder of its name, as Helm packs it. */
function readChart({ path, id, entries }: TemplateFolder, text: (path: string) => string | undefined): GitTemplate {
  const directory = 'chart';
  const files: ForeignFiles = {
    paths: entries.map((entry) => `${directory}/${entry.path}`),
    text: (name) => text(name.slice(directory.length + 1)),
  };
  const { manifest, own, packed, missing, parametersFrom, readme } = chartManifest(
    files,
    `${directory}/${CHART_FILE}`,
    path || 'the root folder',
  );
  const version = own.version.replace(/^v/, '');
  if (!isTemplateName(own.name) || own.name.includes('.') || !isVersion(version))
    throw new ChandleryError(
      'template_invalid',
      `the chart calls itself ${JSON.stringify(`${own.name} ${own.version}`.slice(0, 200))}, which no template can be named`,
    );
  const named = readme === undefined ? {} : { readme: `${own.name}${readme.slice(directory.length)}` };
  return {
    manifest: {
      ...manifest,
      metadata: { ...manifest.metadata, ...named },
      spec: { ...manifest.spec, content: { chart: own.name } },
    },
    dependencies: packed,
    ...(missing.length > 0 && { missing }),
    ...(parametersFrom !== undefined && { parametersFrom }),
    folder: path,
    files: entries.map((entry) => ({ ...entry, path: `${own.name}/${entry.path}` })),
    contentKey: `${id}/${own.name}`,
    ...named,
  };
}

/** What could not be packed is told here already, by name. */
function checkEntries({ entries }: TemplateFolder): void {
  const fail = (path: string, why: string) =>
    new ChandleryError('archive_invalid', `${JSON.stringify(path.slice(0, 200))} ${why}`);
  const special = entries.find(({ kind }) => !isFile(kind));
  if (special?.kind === 'link') throw fail(special.path, 'is a symbolic link; put the file itself into the repository');
  if (special) throw fail(special.path, 'is a submodule, which is not fetched');
  if (entries.length > GIT_ARCHIVE_LIMITS.maxEntries)
    throw new ChandleryError('too_large', `more than ${GIT_ARCHIVE_LIMITS.maxEntries} files`);
  for (const { path } of entries) {
    if (path.includes('\uFFFD')) throw fail(path, 'is no name in UTF-8');
    checkPath(path, GIT_ARCHIVE_LIMITS);
  }
  const bytes = entries.reduce((total, { size }) => total + size, 0);
  const { maxUnpackedBytes } = GIT_ARCHIVE_LIMITS;
  if (bytes > maxUnpackedBytes)
    throw new ChandleryError('too_large', `its files take ${bytes} bytes, at most ${maxUnpackedBytes} are allowed`);
}
