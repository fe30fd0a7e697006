import { ChandleryError } from '../../domain/errors.ts';
import { GIT_LIMITS } from './limits.ts';

/** One entry of a commit's tree. */
export interface TreeEntry {
  /** forward slashes, below the folder that was asked for */
  path: string;
  kind: 'file' | 'executable' | 'link' | 'submodule' | 'folder';
  /** object id; the same content has the same id */
  id: string;
  /** bytes; 0 for what is no file */
  size: number;
}

const KINDS: Readonly<Record<string, TreeEntry['kind']>> = {
  '040000': 'folder',
  '100755': 'executable',
  '120000': 'link',
  '160000': 'submodule',
};
/** `<mode> <type> <id> <size or ->` TAB `<path>` */
const LINE = /^(\d{6}) (?:blob|tree|commit) ([0-9a-f]{40,64}) +(-|\d+)\t([\s\S]+)$/;

/** Reads the answer of `git ls-tree -r -t -z -l`. Fails with too_large and registry_invalid. */
export function parseTree(bytes: Buffer, registry: string): TreeEntry[] {
  const lines = bytes.toString('utf8').split('\0').filter(Boolean);
  if (lines.length > GIT_LIMITS.treeEntries)
    throw new ChandleryError('too_large', `The repository has more than ${GIT_LIMITS.treeEntries} files`, { registry });
  return lines.map((line) => {
    const [, mode = '', id = '', size = '', path] = LINE.exec(line) ?? [];
    if (path === undefined) throw new ChandleryError('registry_invalid', 'git lists files in an unknown way', { registry });
    return { path, kind: KINDS[mode] ?? 'file', id, size: size === '-' ? 0 : Number(size) };
  });
}

/** Bytes around each object in the answer of `git cat-file --batch`: its line and a line end. */
export const BATCH_OVERHEAD = 128;

/** Reads the answer of `git cat-file --batch` for these objects. Fails with registry_invalid when one is missing. */
export function parseBatch(bytes: Buffer, ids: readonly string[], registry: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  let at = 0;
  for (const id of ids) {
    const lineEnd = bytes.indexOf(0x0a, at);
    const [, size] = /^[0-9a-f]+ blob (\d+)$/.exec(bytes.toString('latin1', at, Math.max(at, lineEnd))) ?? [];
    if (size === undefined) throw new ChandleryError('registry_invalid', `The repository lacks the object ${id}`, { registry });
    const start = lineEnd + 1;
    found.set(id, bytes.subarray(start, start + Number(size)));
    at = start + Number(size) + 1;
  }
  return found;
}
