/** A source of a namespace: a `marketplace.json` somewhere on https, kept as one key of the namespace's ConfigMap. */

/** One per namespace, always of this name: roles grant access to it by name. */
export const SOURCES_CONFIG_MAP = 'marketplace-sources';

/** What the value of a key says. */
export interface SourceValue {
  /** as it was given, byte for byte */
  url: string;
  /** null = the name is shown */
  displayName: string | null;
}

export interface Source extends SourceValue {
  name: string;
}

/** Of a ConfigMap's key, in characters; the API server's. */
export const MAX_SOURCE_NAME = 253;
/** In characters; query parameters with signatures stay far below. */
const MAX_SOURCE_URL = 4_096;

/** Why the text cannot name a source, in words that go after `name`; undefined when it can. The API server's rules for keys. */
export function sourceNameProblem(name: string): string | undefined {
  if (!/^[-._A-Za-z0-9]+$/.test(name)) return 'must be one or more of letters, digits, "-", "_" and "."';
  if (name.length > MAX_SOURCE_NAME) return `must not be longer than ${MAX_SOURCE_NAME} characters`;
  return name === '.' || name.startsWith('..') ? 'must not be "." nor begin with ".."' : undefined;
}

/**
 * Why the text cannot be a source's url, in words that go after `url`; undefined when it can. The text itself is looked at besides being
 * parsed: the WHATWG parser makes up a host for `https:///x` and `https:host/x`, and drops blanks and line breaks.
 */
export function sourceUrlProblem(url: string): string | undefined {
  if (url.length > MAX_SOURCE_URL) return `must not be longer than ${MAX_SOURCE_URL} characters`;
  const authority = /^https:\/\/([^/?#]+)/i.exec(url)?.[1];
  if (authority === undefined)
    return 'must be an absolute https address with a host, such as https://example.com/marketplace.json';
  // A ConfigMap is no place for a password: everybody in the namespace reads it.
  if (authority.includes('@')) return 'must not hold a user name or a password';
  if (/[\s\p{Cc}\\]/u.test(url) || !URL.canParse(url)) return 'is not an address that can be parsed';
  return undefined;
}
