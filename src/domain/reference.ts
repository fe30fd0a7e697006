import { ChandleryError } from './errors.ts';
import { MAX_SOURCE_NAME, sourceNameProblem } from './sources/source.ts';
import { isSourceRegistry, sourceRegistryName, splitSourceRegistry } from './sources/source-registry.ts';
import { isRange, MAX_RANGE_LENGTH } from './versions.ts';

/** A template as a person names it: `redis`, `redis@^7.0.0`, `default/redis@>=7 <8`, `source:team/partner/redis`. */
export interface TemplateReference {
  /** absent = whatever answers bare names; `source:<namespace>/<source>` = a source of a namespace */
  registry?: string;
  name: string;
  /** semver range with single spaces; absent = the newest release (`latest`) */
  range?: string;
}

/** Characters in a DNS-1123 label; registries, namespaces and plain template names become Kubernetes label values. */
const MAX_LABEL_LENGTH = 63;
/** Characters in a pack name `group.verb`: two labels and the dot. */
const MAX_PACK_NAME_LENGTH = 2 * MAX_LABEL_LENGTH + 1;
/** Characters of `source:<namespace>/<source>`, the longest name of a registry. */
const MAX_SOURCE_REGISTRY_LENGTH = sourceRegistryName('', '').length + MAX_LABEL_LENGTH + MAX_SOURCE_NAME;
/** Characters in a whole reference: every part at its longest, and the two separators. */
const MAX_REFERENCE_LENGTH = MAX_SOURCE_REGISTRY_LENGTH + 1 + MAX_PACK_NAME_LENGTH + 1 + MAX_RANGE_LENGTH;
/** Characters of wrong input an error repeats: enough to recognise it, too few to fill a log. */
const MAX_QUOTED_LENGTH = 80;

const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const PACK_NAME = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;
const EXAMPLE = 'write it like redis, redis@^7.0.0 or default/redis@7.2.5';
const SOURCE_EXAMPLE = 'write it like source:team/partner/redis (namespace, source, item)';

/** Whether the text may name a template: a DNS-1123 label, or a pack's `group.verb` with underscores. */
export function isTemplateName(text: string): boolean {
  return isLabel(text) || (text.length <= MAX_PACK_NAME_LENGTH && PACK_NAME.test(text));
}

/** Whether the text may name a registry (a DNS-1123 label of at most 63 characters). */
export function isRegistryName(text: string): boolean {
  return isLabel(text);
}

/** Whether the text may name a Kubernetes namespace (a DNS-1123 label of at most 63 characters). */
export function isNamespace(text: string): boolean {
  return isLabel(text);
}

/** Reads `[REGISTRY/]NAME[@RANGE]`, or `source:NAMESPACE/SOURCE/NAME[@RANGE]`. Fails with invalid_reference, saying which part is wrong and showing a right one. */
export function parseReference(text: string): TemplateReference {
  const whole = text.trim();
  if (whole === '') throw invalid(text, 'it is empty');
  if (whole.length > MAX_REFERENCE_LENGTH) throw invalid(text, `it is longer than ${MAX_REFERENCE_LENGTH} characters`);
  const at = whole.indexOf('@');
  const path = at < 0 ? whole : whole.slice(0, at);
  const { registry, name } = isSourceRegistry(path) ? parseSourcePath(text, path) : parsePath(text, path);
  const range = at < 0 ? undefined : parseRangePart(text, whole.slice(at + 1));
  return { ...(registry === undefined ? {} : { registry }), name, ...(range === undefined ? {} : { range }) };
}

/** The inverse of parseReference: parsing the answer gives an equal reference. */
export function formatReference(reference: TemplateReference): string {
  const path = reference.registry === undefined ? reference.name : `${reference.registry}/${reference.name}`;
  return reference.range === undefined ? path : `${path}@${reference.range}`;
}

/** Repeats untrusted text in a message: quoted, control characters escaped, cut to a readable length. */
function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}...` : text);
}

function isLabel(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && LABEL.test(text);
}

function parsePath(text: string, path: string): { registry?: string; name: string } {
  const parts = path.split('/');
  if (parts.length > 2)
    throw invalid(text, 'it has more than one "/"; only one registry name may stand before the template name');
  const name = parts[parts.length - 1] ?? '';
  const registry = parts.length === 2 ? parts[0] : undefined;
  if (registry !== undefined && !isRegistryName(registry)) {
    throw invalid(
      text,
      `${quote(registry)} is not a registry name (lower-case letters, digits and dashes, at most ${MAX_LABEL_LENGTH})`,
    );
  }
  checkName(text, name, EXAMPLE);
  return { ...(registry === undefined ? {} : { registry }), name };
}

function parseSourcePath(text: string, path: string): { registry: string; name: string } {
  const { namespace, source: rest } = splitSourceRegistry(path);
  const [source = '', name = '', ...more] = rest.split('/');
  if (source === '' || name === '' || more.length > 0) throw invalid(text, 'it needs three parts', SOURCE_EXAMPLE);
  if (!isNamespace(namespace)) throw invalid(text, `${quote(namespace)} is not a namespace name`, SOURCE_EXAMPLE);
  const problem = sourceNameProblem(source);
  if (problem !== undefined) throw invalid(text, `the name of the source ${problem}`, SOURCE_EXAMPLE);
  checkName(text, name, SOURCE_EXAMPLE);
  return { registry: sourceRegistryName(namespace, source), name };
}

function checkName(text: string, name: string, example: string): void {
  if (name === '') throw invalid(text, 'the template name is missing', example);
  if (isTemplateName(name)) return;
  throw invalid(
    text,
    `${quote(name)} is not a template name (lower-case letters, digits and dashes, at most ${MAX_LABEL_LENGTH}; packs: group.verb)`,
    example,
  );
}

function parseRangePart(text: string, part: string): string | undefined {
  const range = part.trim().replaceAll(/\s+/g, ' ');
  if (range === '') throw invalid(text, 'nothing follows the "@"; leave it out for the newest version');
  if (range === 'latest') return undefined;
  if (!isRange(range))
    throw invalid(text, `${quote(range)} is not a version or a semver range (such as 7.2.5, ^7.0.0 or ">=7 <8")`);
  return range;
}

function invalid(text: string, why: string, example = EXAMPLE): ChandleryError {
  return new ChandleryError('invalid_reference', `The reference ${quote(text)} cannot be read: ${why}; ${example}.`);
}
