/** Whether `spec.parameters` is a JSON Schema that may be compiled and shown: valid, self-contained, and of bounded size. */

import type { ErrorObject } from 'ajv';
import { pointerOf } from './json-pointer.ts';
import { nearest, type Violation, violationsOf } from './schema-words.ts';

export const PARAMETER_LIMITS = Object.freeze({
  /** objects and lists of the schema; a form with more is no form */
  maxNodes: 4000,
  maxDepth: 24,
  /** characters of one regular expression */
  maxPatternLength: 512,
});

type Schema = Record<string, unknown>;

/** Keywords whose value is a map of subschemas, one subschema, or a list of them. Everything else is data. */
export const SUBSCHEMA_MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];
export const SINGLE_SUBSCHEMA = [
  'items',
  'additionalProperties',
  'contains',
  'not',
  'if',
  'then',
  'else',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contentSchema',
];
export const SUBSCHEMA_LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];

const X_MEMBERS: Record<string, (value: unknown) => string | undefined> = {
  generated: (value) => (value === 'password' || value === 'certificate' ? undefined : 'must be password or certificate'),
  secret: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  immutable: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  widget: (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be text'),
  group: (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be text'),
  order: (value) => (Number.isInteger(value) ? undefined : 'must be a whole number'),
};

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function* subschemas(schema: Schema, pointer: string): Generator<[unknown, string]> {
  for (const key of SUBSCHEMA_MAPS) {
    const map = schema[key];
    if (isObject(map)) for (const [name, sub] of Object.entries(map)) yield [sub, pointerOf(pointerOf(pointer, key), name)];
  }
  for (const key of SINGLE_SUBSCHEMA) if (Object.hasOwn(schema, key)) yield [schema[key], pointerOf(pointer, key)];
  for (const key of SUBSCHEMA_LISTS) {
    const list = schema[key];
    if (Array.isArray(list)) for (const [index, sub] of list.entries()) yield [sub, pointerOf(pointerOf(pointer, key), index)];
  }
}

function sizeViolation(root: Schema, pointer: string): Violation | undefined {
  let nodes = 0;
  const waiting: Array<[unknown, number]> = [[root, 0]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, depth] = next;
    if (typeof value !== 'object' || value === null) continue;
    nodes += 1;
    if (nodes > PARAMETER_LIMITS.maxNodes)
      return { pointer, part: 'key', message: `has more than ${PARAMETER_LIMITS.maxNodes} parts` };
    if (depth > PARAMETER_LIMITS.maxDepth)
      return { pointer, part: 'key', message: `is nested more than ${PARAMETER_LIMITS.maxDepth} levels deep` };
    for (const child of Object.values(value)) waiting.push([child, depth + 1]);
  }
  return undefined;
}

function resolves(root: Schema, ref: string): boolean {
  let at: unknown = root;
  const path = decodeURIComponent(ref.slice(1));
  if (path === '') return true;
  if (!path.startsWith('/')) return false;
  for (const segment of path.slice(1).split('/')) {
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Schema)[key];
  }
  return true;
}

function refViolation(root: Schema, schema: Schema): [string, string] | undefined {
  for (const key of ['$id', '$dynamicRef', '$dynamicAnchor', '$anchor', '$vocabulary']) {
    if (Object.hasOwn(schema, key)) return [key, `${key} is not allowed: a template's schema stands alone`];
  }
  const ref = schema.$ref;
  if (typeof ref !== 'string') return undefined;
  if (!ref.startsWith('#'))
    return ['$ref', `${JSON.stringify(ref.slice(0, 100))} points outside this file: copy the schema into $defs`];
  try {
    return resolves(root, ref) ? undefined : ['$ref', `${JSON.stringify(ref.slice(0, 100))} points to nothing`];
  } catch {
    return ['$ref', `${JSON.stringify(ref.slice(0, 100))} is not a valid pointer`];
  }
}

function patternMessage(pattern: unknown): string | undefined {
  if (typeof pattern !== 'string') return undefined;
  if (pattern.length > PARAMETER_LIMITS.maxPatternLength) return `is longer than ${PARAMETER_LIMITS.maxPatternLength} characters`;
  try {
    new RegExp(pattern, 'u');
    return undefined;
  } catch (error) {
    return `is not a regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function* extensionViolations(extension: unknown, pointer: string): Generator<Violation> {
  if (!isObject(extension)) {
    yield { pointer, part: 'value', message: 'must be a map' };
    return;
  }
  const known = Object.keys(X_MEMBERS);
  for (const [key, value] of Object.entries(extension)) {
    const at = pointerOf(pointer, key);
    const check = Object.hasOwn(X_MEMBERS, key) ? X_MEMBERS[key] : undefined;
    const near = nearest(key, known);
    const advice = near === undefined ? `allowed here are ${known.join(', ')}` : `did you mean "${near}"?`;
    const message = check === undefined ? `unknown key ${JSON.stringify(key)}: ${advice}` : check(value);
    if (message !== undefined) yield { pointer: at, part: check === undefined ? 'key' : 'value', message };
  }
}

function* schemaViolations(root: Schema, schema: unknown, pointer: string): Generator<Violation> {
  if (!isObject(schema)) return;
  const ref = refViolation(root, schema);
  if (ref !== undefined) yield { pointer: pointerOf(pointer, ref[0]), part: 'value', message: ref[1] };
  const pattern = patternMessage(schema.pattern);
  if (pattern !== undefined) yield { pointer: pointerOf(pointer, 'pattern'), part: 'value', message: pattern };
  for (const key of isObject(schema.patternProperties) ? Object.keys(schema.patternProperties) : []) {
    const message = patternMessage(key);
    if (message !== undefined) yield { pointer: pointerOf(pointerOf(pointer, 'patternProperties'), key), part: 'key', message };
  }
  if (Object.hasOwn(schema, 'x-chandlery')) yield* extensionViolations(schema['x-chandlery'], pointerOf(pointer, 'x-chandlery'));
  for (const [sub, at] of subschemas(schema, pointer)) yield* schemaViolations(root, sub, at);
}

/** Checks a schema against its own metaschema; gives the errors. Handed in so that one compiled validator serves all. */
export type MetaCheck = (schema: Schema) => readonly ErrorObject[];

/** Everything wrong with `spec.parameters` (at `pointer` of the manifest). */
export function parameterViolations(parameters: Schema, pointer: string, metaCheck: MetaCheck): Violation[] {
  const tooBig = sizeViolation(parameters, pointer);
  if (tooBig !== undefined) return [tooBig];
  const draft = parameters.$schema;
  if (draft !== undefined && draft !== 'https://json-schema.org/draft/2020-12/schema') {
    return [
      {
        pointer: pointerOf(pointer, '$schema'),
        part: 'value',
        message: 'must be https://json-schema.org/draft/2020-12/schema, or be left out',
      },
    ];
  }
  const meta = violationsOf(metaCheck(parameters), () => undefined).map((item) => ({ ...item, pointer: pointer + item.pointer }));
  if (meta.length > 0) return meta;
  const found = [...schemaViolations(parameters, parameters, pointer)];
  if (parameters.type !== 'object')
    found.unshift({ pointer, part: 'value', message: 'must describe an object: add `type: object`' });
  return found;
}
