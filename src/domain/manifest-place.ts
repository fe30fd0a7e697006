import { MANIFEST_FILE } from './template.ts';
import type { ValidationSubject } from './validation.ts';
import { readYaml, type YamlDocument } from './yaml-limits.ts';

/** Several validators ask for places in the same manifest. */
const read = new WeakMap<ValidationSubject, YamlDocument | null>();

/**
 * Where a member of the manifest stands (a JSON pointer into template.yaml), or the nearest one that is there. An archive of another format has no
 * such file: the place is then the first line of what its manifest was made from.
 */
export function placeInManifest(
  subject: ValidationSubject,
  pointer: string,
  part: 'key' | 'value' = 'key',
): { file: string; line: number } {
  const { manifestText, manifestFile: file = MANIFEST_FILE } = subject;
  let document = read.get(subject);
  if (document === undefined) {
    document = manifestText === '' ? null : readYaml(manifestText, { file });
    read.set(subject, document);
  }
  return { file, line: document?.locate(pointer, part).line ?? 1 };
}
