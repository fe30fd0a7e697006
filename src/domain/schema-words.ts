/** What a schema violation means in words, and what to do about it. */

import type { ErrorObject } from 'ajv';
import { pointerOf } from './json-pointer.ts';
import { similarNames } from './similar-names.ts';

export interface Violation {
  /** JSON pointer of the place that is wrong */
  pointer: string;
  /** whether the key or its value is what is wrong */
  part: 'key' | 'value';
  message: string;
}

const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  null: 'empty',
};

const FORMATS: Record<string, string> = {
  uri: 'an absolute URL such as https://example.org/',
  email: 'an e-mail address',
  hostname: 'a host name such as www.example.org',
  ipv4: 'an IPv4 address such as 192.0.2.1',
  ipv6: 'an IPv6 address such as 2001:db8::1',
  date: 'a date such as 2026-01-31',
  'date-time': 'a time such as 2026-01-31T12:00:00Z',
  duration: 'a duration such as PT5M',
  uuid: 'a UUID',
  regex: 'a regular expression',
  'semver-range': 'a semver range such as ^1.4.0',
};

/** Comparing costs the product of two lists that a stranger wrote: so many names are compared, and so many errors read, no more. */
const MAX_COMPARED_NAMES = 500;
const MAX_READ_ERRORS = 500;

/** The known word that the one written could be a slip of. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  return similarNames(word, known.slice(0, MAX_COMPARED_NAMES), 1)[0];
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return KINDS[typeof value] ?? typeof value;
}

function choiceMessage(branches: unknown): string | undefined {
  if (!Array.isArray(branches)) return undefined;
  const names = branches.map((branch: { required?: string[] }) => branch.required?.[0]);
  return names.every((name) => name !== undefined) ? `give exactly one of ${names.join(', ')}` : undefined;
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  if (near !== undefined) return `unknown key ${quoted(key)}: did you mean "${near}"?`;
  return `unknown key ${quoted(key)}: ${known.length === 0 ? 'none is allowed here' : `allowed here are ${known.join(', ')}`}`;
}

function typeMessage(error: ErrorObject, source: string | undefined): string {
  const wanted: string[] = [error.params.type as string | string[]].flat();
  const words = wanted.map((type) => KINDS[type] ?? type).join(' or ');
  const scalar = typeof error.data === 'number' || typeof error.data === 'boolean';
  // YAML has read 1.10 as 1.1 by now: only the source still knows what was meant.
  if (wanted.includes('string') && scalar && source !== undefined)
    return `must be text, but ${source} is ${kindOf(error.data)} in YAML: quote it, "${source}"`;
  return `must be ${words}, not ${kindOf(error.data)}`;
}

function enumMessage(data: unknown, allowed: readonly unknown[]): string {
  const names = allowed.map(String);
  const near = typeof data === 'string' ? nearest(data, names) : undefined;
  return `must be ${names.length === 1 ? names[0] : `one of ${names.join(', ')}`}, not ${quoted(data)}${near === undefined ? '' : `: did you mean "${near}"?`}`;
}

const BOUNDS: Record<string, (limit: unknown) => string> = {
  minimum: (limit) => `must be at least ${limit}`,
  maximum: (limit) => `must be at most ${limit}`,
  minLength: (limit) => (limit === 1 ? 'must not be empty' : `must be at least ${limit} characters long`),
  maxLength: (limit) => `must be at most ${limit} characters long`,
  minItems: (limit) => `must have at least ${limit} item${limit === 1 ? '' : 's'}`,
  maxItems: (limit) => `must have at most ${limit} items`,
  minProperties: (limit) => `must have at least ${limit} member${limit === 1 ? '' : 's'}`,
  maxProperties: (limit) => `must have at most ${limit} member${limit === 1 ? '' : 's'}`,
};

function messageOf(error: ErrorObject, source: string | undefined): string {
  const { params, data, keyword } = error;
  const parent = (error.parentSchema ?? {}) as { properties?: object; description?: string; oneOf?: unknown };
  const hint = parent.description === undefined ? '' : `: ${parent.description}`;
  switch (keyword) {
    case 'additionalProperties':
      return unknownKey(String(params.additionalProperty), Object.keys(parent.properties ?? {}));
    case 'required':
      return `"${params.missingProperty}" is missing`;
    case 'type':
      return typeMessage(error, source);
    case 'enum':
      return enumMessage(data, params.allowedValues as unknown[]);
    case 'const':
      return enumMessage(data, [params.allowedValue]);
    case 'pattern':
      return `${quoted(data)} does not fit${hint || ` the pattern ${params.pattern}`}`;
    case 'format':
      return `${quoted(data)} is not ${FORMATS[String(params.format)] ?? String(params.format)}`;
    case 'oneOf':
      return choiceMessage(parent.oneOf) ?? 'fits none or several of the forms allowed here';
    case 'not':
      return `give ${((error.schema as { required?: string[] }).required ?? []).join(' or ')}, not both`;
    case 'uniqueItems':
      return `items ${Math.min(params.i, params.j) + 1} and ${Math.max(params.i, params.j) + 1} are the same`;
    case 'false schema':
      return 'does not belong to a template of this type';
    default:
      return BOUNDS[keyword]?.(params.limit) ?? error.message ?? 'is not valid';
  }
}

/** Whether the error only repeats what another one says: the frame of a condition, or one branch of a choice. */
function isEcho(error: ErrorObject): boolean {
  return error.keyword === 'if' || /\/(oneOf|anyOf|not)\/\d+\//.test(error.schemaPath);
}

/** Whether it says no more than that something at or below its place is wrong, and what that is was said already. */
function isVague(error: ErrorObject, errors: readonly ErrorObject[]): boolean {
  const { oneOf } = (error.parentSchema ?? {}) as { oneOf?: unknown };
  if (error.keyword !== 'anyOf' && (error.keyword !== 'oneOf' || choiceMessage(oneOf) !== undefined)) return false;
  return errors.some((other) => other !== error && other.instancePath.startsWith(error.instancePath));
}

/** Whether it misses a member that is there under a misspelled name: the unknown key says it all. */
function isMisspelled(error: ErrorObject, errors: readonly ErrorObject[]): boolean {
  if (error.keyword !== 'required') return false;
  return errors.some(
    (other) =>
      other.keyword === 'additionalProperties' &&
      other.instancePath === error.instancePath &&
      nearest(String(other.params.additionalProperty), Object.keys((other.parentSchema?.properties ?? {}) as object)) ===
        error.params.missingProperty,
  );
}

/** Violations in words, one per place and rule. `sourceOf` gives a scalar as it was written. Needs ajv's `verbose`. */
export function violationsOf(errors: readonly ErrorObject[], sourceOf: (pointer: string) => string | undefined): Violation[] {
  const telling = errors.filter((error) => !isEcho(error)).slice(0, MAX_READ_ERRORS);
  const found = new Map<string, Violation>();
  for (const error of telling) {
    if (isVague(error, telling) || isMisspelled(error, telling)) continue;
    const unknown = error.keyword === 'additionalProperties';
    const missing = error.keyword === 'required' ? String(error.params.missingProperty) : '';
    const pointer = unknown ? pointerOf(error.instancePath, String(error.params.additionalProperty)) : error.instancePath;
    const part = unknown || error.keyword === 'false schema' ? 'key' : 'value';
    const rule = `${pointer} ${error.keyword} ${missing}`;
    if (!found.has(rule)) found.set(rule, { pointer, part, message: messageOf(error, sourceOf(pointer)) });
  }
  return [...found.values()];
}
