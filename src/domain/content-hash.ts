import { createHash } from 'node:crypto';
import { MANIFEST_FILE } from './template.ts';

/** Lower-case hex SHA-256 of the bytes. */
export function sha256Hex(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** `sha256:<hex>` of the bytes: the name under which blobs and archives are pinned. */
export function digestOf(data: Uint8Array): string {
  return `sha256:${sha256Hex(data)}`;
}

/**
 * Stage-A content hash of a package (the helmdeck rule): SHA-256 over `<path> NUL <hex SHA-256 of the bytes> LF` per file, in order of the
 * path's UTF-8 bytes, without the root manifest. `sha256` of each file is lower-case hex; paths are forward-slash and relative.
 * No file, or only the manifest, gives the hash of nothing (e3b0c442...).
 */
export function contentHash(files: Iterable<{ path: string; sha256: string }>, manifest: string = MANIFEST_FILE): string {
  const hash = createHash('sha256');
  // Only the root manifest is left out; `sub/template.yaml` is content like any other file.
  const counted = [...files]
    .filter((file) => file.path !== manifest)
    .map((file) => ({ ...file, bytes: Buffer.from(file.path, 'utf8') }));
  // Not `<` on strings: that compares UTF-16 units and puts U+1F600 before U+FF5E, the other way round than their bytes.
  counted.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  for (const file of counted) hash.update(file.bytes).update(`\0${file.sha256}\n`);
  return hash.digest('hex');
}
