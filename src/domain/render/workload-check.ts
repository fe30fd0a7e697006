// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
/** Whether a WorkloadSpec still is one after parameters were put in. */

import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { pointerOf } from '../json-pointer.ts';
import { isMap } from '../parameters/schema.ts';
import { textForm } from '../parameters/secret-entries.ts';
import { type Violation, violationsOf } from '../schema-words.ts';
import { WORKLOAD_DEFS } from '../workload-defs.ts';
import { WORKLOAD_SCHEMA } from '../workload-schema.ts';

type Json = Record<string, unknown>;

/** How the schema writes a reference, and how its descriptions speak of one. */
const REFERENCE_PATTERN = '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}';
const ONLY_REFERENCE = `^${REFERENCE_PATTERN}$`;
const SPOKEN = ', or a parameter, written ${name}';

/** The schema of a tree in which no reference is left: where a number or a switch may be written as `${name}`, text is an error now. */
function settled(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(settled);
  if (!isMap(schema)) return schema;
  const result: Json = Object.fromEntries(Object.entries(schema).map(([key, child]) => [key, settled(child)]));
  const { pattern, type, description } = result;
  if (typeof description === 'string') result.description = description.replace(SPOKEN, '').replace(', ${name}', '');
  if (pattern === ONLY_REFERENCE && Array.isArray(type)) {
    const types = type.filter((name) => name !== 'string');
    result.type = types.length === 1 ? types[0] : types;
    delete result.pattern;
  } else if (typeof pattern === 'string') {
    result.pattern = pattern.replace(`${REFERENCE_PATTERN}|`, '').replace(`|${REFERENCE_PATTERN}`, '').replace('|\\$\\{', '');
  }
  return result;
}

/** WorkloadSpec without references. */
export const SETTLED_SCHEMA = settled({ ...WORKLOAD_SCHEMA, $defs: WORKLOAD_DEFS }) as Json;

function refersTo(schema: Json): Json {
  const { $ref } = schema;
  if (typeof $ref !== 'string') return schema;
  const target = (SETTLED_SCHEMA.$defs as Json)[$ref.slice('#/$defs/'.length)];
  return isMap(target) ? target : {};
}

/** A scalar in the type that its place has: the number 8080 in a text is "8080", the text "2" in a count is 2. */
function conformScalar(value: unknown, types: readonly unknown[]): unknown {
  if (typeof value === 'string') {
    if (types.includes('integer') && /^\d{1,15}$/.test(value)) return Number(value);
    if (types.includes('boolean') && (value === 'true' || value === 'false')) return value === 'true';
    return value;
  }
  const textOnly = types.length === 1 && types[0] === 'string';
  return textOnly && value !== null && value !== undefined ? textForm(value) : value;
}

/** The value with its scalars in the types that the schema has for them. What is of another shape is left for the check. */
function conform(value: unknown, declared: unknown): unknown {
  if (!isMap(declared)) return value;
  const schema = refersTo(declared);
  const types = [schema.type].flat();
  if (Array.isArray(value) && types.includes('array')) return value.map((item) => conform(item, schema.items));
  if (!isMap(value) || !types.includes('object')) return conformScalar(value, types);
  const properties = isMap(schema.properties) ? schema.properties : {};
  const members = Object.entries(value).map(([key, child]) => {
    return [key, conform(child, Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties)] as const;
  });
  return Object.fromEntries(members);
}

let compiled: ValidateFunction | undefined;

function validator(): ValidateFunction {
  compiled ??= new Ajv2020({
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
  }).compile(SETTLED_SCHEMA);
  return compiled;
}

const MISSING = /^"(.+)" is missing$/;

/** A missing member is a fault of its own place: that is what a parameter without a value has left open. */
function placed(violation: Violation): Violation {
  const name = MISSING.exec(violation.message)?.[1];
  return name === undefined
    ? violation
    : { ...violation, pointer: pointerOf(violation.pointer, name), message: 'is needed and has no value' };
}

/** The tree in the right types, with what is wrong in it. Pointers start at the WorkloadSpec. */
export function checkWorkload(tree: unknown): { value: unknown; violations: Violation[] } {
  const value = conform(tree, SETTLED_SCHEMA);
  const validate = validator();
  const violations = validate(value) ? [] : violationsOf(validate.errors ?? [], () => undefined);
  return { value, violations: violations.map(placed) };
}
