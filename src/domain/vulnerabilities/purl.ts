import { ChandleryError } from '../errors.ts';

/** Package URLs (https://github.com/package-url/purl-spec): `pkg:type/namespace/name@version?qualifiers#subpath`. */

export interface Purl {
  /** lower-case */
  type: string;
  namespace?: string;
  name: string;
  version?: string;
  /** by lower-case key */
  qualifiers: Readonly<Record<string, string>>;
  subpath?: string;
}

/** Characters; a longer one is no name of a package. */
const MAX_PURL_LENGTH = 4_096;
const TYPE = /^[a-z][a-z0-9.+-]*$/;
const QUALIFIER_KEY = /^[a-z][a-z0-9._-]*$/;
/** Types whose namespace and name do not depend on letter case, by their definitions. */
const LOWER_CASE_TYPES = new Set(['bitbucket', 'composer', 'deb', 'github', 'golang', 'hex', 'npm', 'oci', 'pypi', 'apk']);

/** Reads one as the specification's "How to parse" says, right to left. Fails with invalid_request, saying which part is wrong. */
export function parsePurl(text: string): Purl {
  if (text.length > MAX_PURL_LENGTH) throw wrong(text, `it is longer than ${MAX_PURL_LENGTH} characters`);
  const [beforeSubpath, subpathText] = splitLast(text, '#');
  const [beforeQualifiers, qualifierText] = splitLast(beforeSubpath, '?');
  const { type, rest } = schemeAndType(text, beforeQualifiers);
  const [path, version] = splitVersion(rest);
  const parts = path.split('/').filter((part) => part !== '');
  const last = parts.pop();
  if (last === undefined) throw wrong(text, 'it has no name');
  const namespace = parts.map((part) => decoded(text, part)).join('/');
  const subpath = subpathOf(text, subpathText);
  return {
    ...normalised(type, namespace, decoded(text, last)),
    ...(version !== undefined && version !== '' && { version: decoded(text, version) }),
    qualifiers: qualifiersOf(text, qualifierText),
    ...(subpath !== '' && { subpath }),
  };
}

function schemeAndType(text: string, head: string): { type: string; rest: string } {
  const colon = head.indexOf(':');
  if (colon < 0 || head.slice(0, colon).toLowerCase() !== 'pkg') throw wrong(text, 'it does not begin with pkg:');
  const path = head.slice(colon + 1).replace(/^\/+/, '');
  const slash = path.indexOf('/');
  if (slash < 0) throw wrong(text, 'it has no type before the name');
  const type = path.slice(0, slash).toLowerCase();
  if (!TYPE.test(type))
    throw wrong(text, `"${type.slice(0, 50)}" is no type: letters, digits, dots, pluses and dashes, a letter first`);
  return { type, rest: path.slice(slash + 1).replace(/\/+$/, '') };
}

/** An `@` at the beginning of a part belongs to it: many tools leave the `@` of an npm scope as it is, against the specification. */
function splitVersion(rest: string): [string, string | undefined] {
  const at = rest.lastIndexOf('@');
  if (at < 0 || (at === 0 && rest.includes('/')) || (at > 0 && rest[at - 1] === '/' && rest.includes('/', at)))
    return [rest, undefined];
  return [rest.slice(0, at), rest.slice(at + 1)];
}

function normalised(type: string, namespace: string, name: string): Pick<Purl, 'type' | 'namespace' | 'name'> {
  const lower = (part: string) => (LOWER_CASE_TYPES.has(type) ? part.toLowerCase() : part);
  const plain = type === 'pypi' ? lower(name).replaceAll('_', '-') : lower(name);
  return { type, ...(namespace !== '' && { namespace: lower(namespace) }), name: plain };
}

function qualifiersOf(text: string, list: string | undefined): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of (list ?? '').split('&').filter((part) => part !== '')) {
    const equals = pair.indexOf('=');
    const key = (equals < 0 ? pair : pair.slice(0, equals)).toLowerCase();
    if (!QUALIFIER_KEY.test(key)) throw wrong(text, `"${key.slice(0, 50)}" is no key of a qualifier`);
    if (pairs.has(key)) throw wrong(text, `the qualifier ${key} is there twice`);
    const value = equals < 0 ? '' : decoded(text, pair.slice(equals + 1));
    // A pair without a value is the same as no pair.
    if (value !== '') pairs.set(key, value);
  }
  return Object.fromEntries(pairs);
}

function subpathOf(text: string, path: string | undefined): string {
  const segments = (path ?? '').split('/').map((segment) => decoded(text, segment));
  return segments.filter((segment) => segment !== '' && segment !== '.' && segment !== '..').join('/');
}

function splitLast(text: string, mark: string): [string, string | undefined] {
  const at = text.lastIndexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw wrong(text, `"${part.slice(0, 50)}" cannot be decoded`);
  }
}

function wrong(text: string, why: string): ChandleryError {
  return new ChandleryError('invalid_request', `"${text.slice(0, 100)}" is no package URL: ${why}`);
}
