/** Reads WWW-Authenticate (RFC 9110, 11.6.1): what a registry wants before it answers. */

export type Challenge = { scheme: 'basic' } | { scheme: 'bearer'; realm: string; service?: string; scope?: string };

/** Characters of a header that are looked at; real ones have a few hundred. */
const MAX_LENGTH = 4096;
/** A scheme, or a `name=value` of the scheme before it; a value is a token or a quoted string. Sticky: nothing is skipped. */
const PART = /([A-Za-z][A-Za-z0-9_-]*)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?[\s,]*/y;

interface Raw {
  scheme: string;
  parameters: Map<string, string>;
}

/** The challenge to answer: bearer where it is offered, else basic; undefined where there is neither. */
export function readChallenge(header: string | undefined): Challenge | undefined {
  const offered = split((header ?? '').slice(0, MAX_LENGTH));
  const bearer = offered.find(({ scheme }) => scheme === 'bearer')?.parameters;
  const realm = bearer?.get('realm');
  if (bearer && realm !== undefined && URL.canParse(realm)) {
    const service = bearer.get('service');
    const scope = bearer.get('scope');
    return { scheme: 'bearer', realm, ...(service === undefined ? {} : { service }), ...(scope === undefined ? {} : { scope }) };
  }
  return offered.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined;
}

/** Several challenges may stand in one header. What follows something unreadable is left out. */
function split(header: string): Raw[] {
  const found: Raw[] = [];
  PART.lastIndex = 0;
  for (let match = PART.exec(header); match; match = PART.exec(header)) {
    const [, name = '', quoted, token] = match;
    const value = quoted?.replace(/\\(.)/g, '$1') ?? token;
    if (value === undefined) found.push({ scheme: name.toLowerCase(), parameters: new Map() });
    else found.at(-1)?.parameters.set(name.toLowerCase(), value);
  }
  return found;
}
