import { PACK_FILE } from '../../domain/foreign/pack.ts';
import { MANIFEST_FILE } from '../../domain/template.ts';
import type { TreeEntry } from '../git/tree.ts';

/** Which folders of a commit are templates. */

export const CHART_FILE = 'Chart.yaml';
/** What makes a folder a version, in the order they are tried. */
const MARKERS: readonly string[] = [MANIFEST_FILE, PACK_FILE, CHART_FILE];
/** Folders deep that are looked into. */
const MAX_DEPTH = 6;

/** A folder that is a version. */
export interface TemplateFolder {
  /** empty: the root */
  path: string;
  id: string;
  marker: string;
  /** below the folder */
  entries: TreeEntry[];
}

/** The outermost folders with one of the markers, and what lies in each. */
export function templateFolders({ id, entries }: { id: string; entries: TreeEntry[] }): TemplateFolder[] {
  const ids = new Map(entries.filter(({ kind }) => kind === 'folder').map((entry) => [entry.path, entry.id]));
  const markers = new Map<string, string>();
  for (const { path, kind } of entries) {
    const [folder, name] = split(path);
    if (kind === 'folder' || !MARKERS.includes(name) || (folder !== '' && folder.split('/').length > MAX_DEPTH)) continue;
    const known = markers.get(folder);
    if (known === undefined || MARKERS.indexOf(name) < MARKERS.indexOf(known)) markers.set(folder, name);
  }
  const folders = new Map<string, TemplateFolder>();
  for (const [path, marker] of markers)
    if (!parents(path).some((parent) => markers.has(parent)))
      folders.set(path, { path, id: path === '' ? id : (ids.get(path) ?? path), marker, entries: [] });
  for (const entry of entries) {
    const owner = entry.kind === 'folder' ? undefined : parents(entry.path).find((parent) => folders.has(parent));
    if (owner === undefined) continue;
    folders.get(owner)?.entries.push({ ...entry, path: owner === '' ? entry.path : entry.path.slice(owner.length + 1) });
  }
  return [...folders.values()];
}

function split(path: string): [folder: string, name: string] {
  const at = path.lastIndexOf('/');
  return at < 0 ? ['', path] : [path.slice(0, at), path.slice(at + 1)];
}

/** The folders above, the root (empty) first. */
function parents(path: string): string[] {
  if (path === '') return [];
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index).join('/'));
}
