import { MANIFEST_FILE } from './template.ts';
import { MAX_FILE_TEXT_BYTES, MAX_SUBJECT_TEXT_BYTES, type SubjectFile } from './validation.ts';

/** Which files of an archive validators get as text. */

/** Never text; they would use up what is there for texts. */
const BINARY =
  /\.(png|jpe?g|gif|webp|avif|ico|bmp|pdf|zip|t?gz|tar|bz2|xz|zst|7z|jar|war|so|dll|exe|bin|o|a|wasm|woff2?|ttf|otf|eot|mp[34]|webm|class|pyc)$/i;

/** For `keep` of one reading of one archive, since it counts what it lets in. */
export function subjectKeep(): (path: string, size: number) => boolean {
  let left = MAX_SUBJECT_TEXT_BYTES;
  return (path, size) => {
    // The manifest has a limit of its own, which says so in words.
    if (path === MANIFEST_FILE) return true;
    if (size > MAX_FILE_TEXT_BYTES || size > left || BINARY.test(path)) return false;
    left -= size;
    return true;
  };
}

/** The files of an archive, sorted by path, with the text of those that were kept and are text. */
export function subjectFiles(
  files: ReadonlyArray<{ path: string; size: number }>,
  bodies: ReadonlyMap<string, Uint8Array> = new Map(),
): SubjectFile[] {
  return files
    .map(({ path, size }) => {
      const text = textOf(bodies.get(path));
      return { path, size, ...(text !== undefined && { text }) };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Undefined for bytes that are no UTF-8 or hold NUL: those are of a program, not of a person. */
function textOf(body: Uint8Array | undefined): string | undefined {
  if (body === undefined || body.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}
