import { pointerOf } from '../json-pointer.ts';
import type { Fields } from '../object-fields.ts';
import { fieldsOf, listAt, textAt } from '../object-fields.ts';
import { deployedFiles } from '../render/manifest-files.ts';
import { MANIFEST_FILE } from '../template.ts';
import type { Finding, Severity, SubjectFile, ValidationSubject } from '../validation.ts';
import { MAX_FILE_TEXT_BYTES } from '../validation.ts';
import { CONTENT_YAML_LIMITS, readYamlDocuments, type YamlDocument } from '../yaml-limits.ts';

/** The Kubernetes objects that lie in an archive, as far as they can be read before anybody renders them. */

export interface ContentObject {
  file: string;
  kind: string;
  /** As its metadata has it; may hold references to parameters. */
  name: string;
  value: Fields;
  /** 1-based line of a place in the object, or of the nearest one that is there. */
  line(pointer: string): number;
}

export interface Content {
  objects: ContentObject[];
  /** Files that should hold objects and could not be read. */
  broken: Finding[];
  /** Files whose objects appear only when a renderer has run. */
  unrendered: SubjectFile[];
}

/** More documents than any bundle has. */
const MAX_DOCUMENTS = 2000;
/** Lists in lists are nobody's. */
const MAX_LIST_DEPTH = 4;
const OBJECT_FILE = /\.(ya?ml|json)$/i;
/** Values and descriptions of charts: no objects. */
const NOT_OBJECTS = /(^|\/)(values[^/]*|Chart|requirements|Chart\.lock|kustomization)\.(ya?ml|json|lock)$|\.schema\.json$/i;
const ACTIONS = /\{\{/;

/** Several ask for the same one: parsing is most of the work. */
const known = new WeakMap<ValidationSubject, Content>();

/** Reads each file once; a file that is too long to be held counts as broken, so that nothing passes by being long. */
export function contentOf(subject: ValidationSubject): Content {
  const before = known.get(subject);
  if (before) return before;
  const content: Content = { objects: [], broken: [], unrendered: [] };
  const deployed = new Set(deployedFiles(subject.manifest, subject.paths));
  for (const file of subject.files) {
    if (deployed.has(file.path)) readDeployed(file, content);
    else if (mayHoldObjects(subject, file.path)) readForRenderer(file, content);
  }
  known.set(subject, content);
  return content;
}

/** For a renderer that is not ours. What ours takes, `deployedFiles` says, whatever it is called. */
function mayHoldObjects({ manifest: { spec } }: ValidationSubject, path: string): boolean {
  if (!OBJECT_FILE.test(path) || path === MANIFEST_FILE || NOT_OBJECTS.test(path)) return false;
  if (spec.type === 'helm') return /(^|\/)(templates|crds)\//.test(path);
  return spec.type === 'deployer';
}

/** No text of it means that its objects go to the cluster unseen, as the renderer reads every byte of it. */
function readDeployed(file: SubjectFile, content: Content): void {
  const { path, text } = file;
  if (text === undefined) content.broken.push(unread(path, whyNoText(file), 1, 'critical'));
  // Braces say nothing here: no template engine runs over it.
  else readObjects(path, text, content);
}

function readForRenderer(file: SubjectFile, content: Content): void {
  const { path, text } = file;
  if (text === undefined) content.broken.push(unread(path, whyNoText(file), 1));
  else if (ACTIONS.test(text)) content.unrendered.push(file);
  else readObjects(path, text, content);
}

function whyNoText({ size }: SubjectFile): string {
  if (size > MAX_FILE_TEXT_BYTES) return `is ${size} bytes long, which is more than can be looked at`;
  return 'is no text in UTF-8, or comes after more text than can be looked at';
}

function readObjects(path: string, text: string, content: Content): void {
  try {
    const documents = readYamlDocuments(text, { file: path, limits: CONTENT_YAML_LIMITS, maxDocuments: MAX_DOCUMENTS });
    for (const document of documents) content.objects.push(...objectsIn(path, document, document.value, '', 0));
  } catch (error) {
    const [issue] = (error as { details?: { issues?: Array<{ message: string; line?: number }> } }).details?.issues ?? [];
    content.broken.push(unread(path, issue?.message ?? 'is not valid YAML', issue?.line ?? 1));
  }
}

function unread(file: string, why: string, line: number, severity: Severity = 'medium'): Finding {
  return {
    id: 'content/unreadable',
    severity,
    file,
    line,
    explanation: `the objects in it could not be looked at: it ${why}`,
    recommendation: 'Correct or split the file, so that its objects can be read.',
  };
}

function objectsIn(file: string, document: YamlDocument, value: unknown, at: string, depth: number): ContentObject[] {
  const fields = fieldsOf(value);
  const kind = textAt(fields, 'kind');
  if (fields === undefined || kind === undefined) return [];
  if (kind.endsWith('List') && Array.isArray(fields.items) && depth < MAX_LIST_DEPTH)
    return listAt(fields, 'items').flatMap((item, index) =>
      objectsIn(file, document, item, pointerOf(pointerOf(at, 'items'), index), depth + 1),
    );
  const line = (pointer: string) => document.locate(`${at}${pointer}`, 'key').line;
  return [{ file, kind, name: textAt(fields, 'metadata', 'name') ?? '', value: fields, line }];
}
