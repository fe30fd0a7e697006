/** What a template's `spec.parameters` says about each parameter beyond its JSON Schema (`x-chandlery`). */

import { segmentsOf } from '../json-pointer.ts';

/** A JSON Schema 2020-12 object, as template-parameters.ts let it through; absent when the template takes no parameters. */
export type ParameterSchema = Readonly<Record<string, unknown>> | undefined;

export type ParameterValues = Record<string, unknown>;

type Json = Record<string, unknown>;

/** Longest chain of `$ref` that is followed; real schemas have one. */
const MAX_REFERENCES = 16;

export function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The declared parameters' own schemas, by name. */
export function declaredParameters(schema: ParameterSchema): Json {
  return isMap(schema?.properties) ? schema.properties : {};
}

function pointedAt(root: Json, ref: string): unknown {
  let at: unknown = root;
  for (const segment of segmentsOf(decodeURIComponent(ref.slice(1)))) {
    if (!isMap(at) || !Object.hasOwn(at, segment)) return undefined;
    at = at[segment];
  }
  return at;
}

/** The schema of a declared parameter with its `$ref` followed; members beside the `$ref` win. */
export function parameterSchema(schema: ParameterSchema, name: string): Json {
  const properties = declaredParameters(schema);
  let found: Json = {};
  let next = Object.hasOwn(properties, name) ? properties[name] : undefined;
  for (let hops = 0; isMap(next) && hops < MAX_REFERENCES; hops += 1) {
    found = { ...next, ...found };
    const { $ref } = next;
    next = typeof $ref === 'string' && schema !== undefined ? pointedAt(schema, $ref) : undefined;
  }
  return found;
}

function isMarkedSecret(part: Json): boolean {
  const extension = part['x-chandlery'];
  return isMap(extension) && (extension.secret === true || extension.generated !== undefined);
}

/** Whether the schema, or any part of it, is marked. A secret deep inside makes the whole parameter one: nothing of it may be shown. */
function holdsSecret(root: Json, start: unknown): boolean {
  const seen = new Set<unknown>();
  const waiting = [start];
  while (waiting.length > 0) {
    const part = waiting.pop();
    if (typeof part !== 'object' || part === null || seen.has(part)) continue;
    seen.add(part);
    if (isMap(part) && isMarkedSecret(part)) return true;
    if (isMap(part) && typeof part.$ref === 'string') waiting.push(pointedAt(root, part.$ref));
    waiting.push(...Object.values(part));
  }
  return false;
}

/** Names of the parameters whose values are secret: marked `secret` or `generated`, themselves or in any part. In order of declaration. */
export function secretParameters(schema: ParameterSchema): string[] {
  return Object.entries(declaredParameters(schema))
    .filter(([, property]) => holdsSecret(schema ?? {}, property))
    .map(([name]) => name);
}

/** How a parameter is made up when it has no value; undefined when it is not. */
export function generatedKind(schema: ParameterSchema, name: string): 'password' | 'certificate' | undefined {
  const extension = parameterSchema(schema, name)['x-chandlery'];
  const generated = isMap(extension) ? extension.generated : undefined;
  return generated === 'password' || generated === 'certificate' ? generated : undefined;
}

/** Names of the parameters that an upgrade may not change. */
export function immutableParameters(schema: ParameterSchema): string[] {
  return Object.keys(declaredParameters(schema)).filter((name) => {
    const extension = parameterSchema(schema, name)['x-chandlery'];
    return isMap(extension) && extension.immutable === true;
  });
}

/** Given values apart: the plain ones, and the secret ones, which go no further than a Secret. Unknown names count as plain. */
export function splitParameters(
  schema: ParameterSchema,
  given: ParameterValues,
): { plain: ParameterValues; secret: ParameterValues } {
  const secret = new Set(secretParameters(schema));
  const entries = Object.entries(given);
  return {
    plain: Object.fromEntries(entries.filter(([name]) => !secret.has(name))),
    secret: Object.fromEntries(entries.filter(([name]) => secret.has(name))),
  };
}
