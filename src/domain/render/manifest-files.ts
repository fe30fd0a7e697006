/** The Kubernetes objects written in a template's content files, before parameters are put in. */

import { ChandleryError } from '../errors.ts';
import { pointerOf } from '../json-pointer.ts';
import { isMap } from '../parameters/schema.ts';
import type { TemplateManifest } from '../template.ts';
import { referencesIn } from '../template-lint.ts';
import { CONTENT_YAML_LIMITS, issuesFailure, readYamlDocuments, type YamlDocument } from '../yaml-limits.ts';
import { RENDER_LIMITS } from './limits.ts';

/** One object as it is written. */
export interface WrittenObject {
  file: string;
  /** where in its document it starts: '' unless it is an item of a list */
  pointer: string;
  value: Record<string, unknown>;
  document: YamlDocument;
}

const MANIFEST_FILE_NAME = /\.(ya?ml|json)$/;
/** A list in a list in a list is nobody's manifest. */
const MAX_LIST_DEPTH = 4;

/** The failure for a place of a content file. */
export function contentFault(
  { file, document }: Pick<WrittenObject, 'file' | 'document'>,
  pointer: string,
  message: string,
): ChandleryError {
  return issuesFailure('template_invalid', file, [{ path: pointer, message, ...document.locate(pointer) }]);
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/**
 * Of an archive's files those whose objects are deployed as they are written, sorted by the bytes of their paths; none of a template of another
 * type. Whoever judges the objects asks here, or what is judged would not be what is deployed.
 */
export function deployedFiles({ spec }: TemplateManifest, files: readonly string[]): string[] {
  if (spec.type !== 'manifests') return [];
  const root = (spec.content?.path ?? '').replace(/\/+$/, '');
  if (files.includes(root)) return [root];
  return files.filter((file) => file.startsWith(`${root}/`) && MANIFEST_FILE_NAME.test(file)).sort(compareBytes);
}

function* objectsIn(
  file: string,
  document: YamlDocument,
  value: unknown,
  pointer: string,
  depth: number,
): Generator<WrittenObject> {
  const at = { file, document };
  if (!isMap(value)) throw contentFault(at, pointer, 'must be a Kubernetes object: a map with apiVersion, kind and metadata');
  for (const member of ['apiVersion', 'kind'] as const) {
    const text = value[member];
    if (typeof text !== 'string' || text === '')
      throw contentFault(at, pointer, `must be a Kubernetes object, but has no ${member}`);
    // What an object is must be known before a value is put in, or a value could make a role out of a ConfigMap.
    if (referencesIn(text).length > 0) throw contentFault(at, pointerOf(pointer, member), 'may not hold a parameter');
  }
  if (!String(value.kind).endsWith('List') || !Array.isArray(value.items)) {
    yield { ...at, pointer, value };
    return;
  }
  if (depth >= MAX_LIST_DEPTH) throw contentFault(at, pointer, 'is a list in too many lists');
  const items = pointerOf(pointer, 'items');
  for (const [index, item] of value.items.entries()) yield* objectsIn(file, document, item, pointerOf(items, index), depth + 1);
}

/**
 * Every object below the content path (a folder, or one file), files in the order of their paths' bytes, lists taken apart. Fails with
 * template_invalid, naming file, line and column.
 */
export function writtenObjects(manifest: TemplateManifest, files: ReadonlyMap<string, string>): WrittenObject[] {
  const path = manifest.spec.content?.path ?? '';
  const paths = deployedFiles(manifest, [...files.keys()]);
  if (paths.length === 0)
    throw new ChandleryError(
      'template_invalid',
      `${path} has no .yaml, .yml or .json file: content.path must name the manifests`,
    );
  const bytes = paths.reduce((sum, file) => sum + Buffer.byteLength(files.get(file) ?? ''), 0);
  if (bytes > RENDER_LIMITS.maxSourceBytes)
    throw new ChandleryError(
      'template_invalid',
      `the files in ${path} are ${bytes} bytes long, at most ${RENDER_LIMITS.maxSourceBytes} are allowed`,
    );
  const options = { limits: CONTENT_YAML_LIMITS, maxDocuments: RENDER_LIMITS.maxObjects };
  return paths.flatMap((file) =>
    readYamlDocuments(files.get(file) ?? '', { file, ...options }).flatMap((document) => [
      ...objectsIn(file, document, document.value, '', 0),
    ]),
  );
}
