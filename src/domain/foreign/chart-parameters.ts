import { Ajv2020 } from 'ajv/dist/2020.js';
import { ChandleryError } from '../errors.ts';
import { validateValues } from '../parameters/compiled.ts';
import { parameterViolations } from '../template-parameters.ts';
import { YamlProblem } from '../yaml-values.ts';
import { countParts, depthOf, inferParameters } from './chart-inferred.ts';
import { normaliseSchema } from './chart-schema.ts';
import { type ChartValues, readChartValues } from './chart-values.ts';
import { isJsonObject, type Json } from './json.ts';

/** The parameters of a chart: from its values.schema.json where that can be taken over, else guessed from its values.yaml. */

export interface ChartParameters {
  parameters: Json;
  parametersFrom: 'schema' | 'inferred';
  notes: string[];
}

/** Characters of a values.schema.json; the largest are 300 KB. */
const MAX_SCHEMA_LENGTH = 1024 * 1024;
/** Brackets of a values.schema.json; JSON.parse and everything after it is recursive. */
const MAX_SCHEMA_DEPTH = 200;
const MAX_DEFAULT_NODES = 50;
const MAX_DEFAULT_DEPTH = 4;
/** Levels of values that are given as defaults. */
const MAX_DEFAULT_LEVELS = 9;

/** Never fails: a chart whose schema or values cannot be read takes any values, and a note says why. */
export function chartParameters(schemaText: string | undefined, valuesText: string | undefined): ChartParameters {
  const notes: string[] = [];
  const values = valuesOf(valuesText ?? '', notes);
  const taken = schemaText === undefined ? undefined : takeSchema(schemaText, values.values);
  if (typeof taken === 'string')
    notes.push(`values.schema.json cannot be taken over (${taken}); the parameters are inferred from values.yaml`);
  else if (taken !== undefined) return { parameters: taken.schema, parametersFrom: 'schema', notes: [...notes, ...taken.notes] };
  return { parameters: inferParameters(values), parametersFrom: 'inferred', notes };
}

function valuesOf(text: string, notes: string[]): ChartValues {
  try {
    return readChartValues(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    notes.push(`values.yaml cannot be read (it ${error.message}); the chart's defaults are not shown`);
    return { values: {}, comments: new Map(), ambiguous: new Set() };
  }
}

/** The schema with the chart's values as defaults, or in words why not. */
function takeSchema(text: string, values: Json): { schema: Json; notes: string[] } | string {
  if (text.length > MAX_SCHEMA_LENGTH) return `it is longer than ${MAX_SCHEMA_LENGTH} characters`;
  const parsed = parseJson(text);
  if (typeof parsed === 'string') return parsed;
  const normalised = normaliseSchema(parsed.value);
  if (normalised === undefined) return 'it does not describe a map';
  const { schema, notes } = normalised;
  const withDefaults = addDefaults(schema, values, 0);
  const problem = problemOf(withDefaults);
  if (problem === undefined) return { schema: withDefaults, notes: notes.map((note) => `values.schema.json: ${note}`) };
  const bare = problemOf(schema);
  if (bare !== undefined) return bare;
  return {
    schema,
    notes: [...notes, 'the values of values.yaml are not shown as defaults: they do not fit'].map(
      (note) => `values.schema.json: ${note}`,
    ),
  };
}

function parseJson(text: string): { value: unknown } | string {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') {
      depth += 1;
      if (depth > MAX_SCHEMA_DEPTH) return `it is nested more than ${MAX_SCHEMA_DEPTH} levels deep`;
    } else if (char === '}' || char === ']') depth -= 1;
  }
  try {
    return { value: JSON.parse(text.replace(/^\uFEFF/, '')) };
  } catch {
    return 'it is not JSON';
  }
}

/** What the check of templates or of values would say to this schema. */
function problemOf(schema: Json): string | undefined {
  const [violation] = parameterViolations(schema, '', metaErrors);
  if (violation !== undefined) return `${violation.pointer || 'it'} ${violation.message}`.slice(0, 300);
  try {
    validateValues(schema, {});
    return undefined;
  } catch (error) {
    return error instanceof ChandleryError ? error.message : `it cannot be compiled: ${String(error)}`.slice(0, 300);
  }
}

let meta: Ajv2020 | undefined;

function metaErrors(schema: Json) {
  meta ??= new Ajv2020({ allErrors: true, verbose: true, strict: false, validateFormats: false });
  return meta.validateSchema(schema) === true ? [] : (meta.errors ?? []);
}

/**
 * Helm checks the chart's own values together with the given ones. Ours are checked alone, so what values.yaml fills in becomes a
 * default; a map gets an empty one, into which the defaults of its members are put.
 */
function addDefaults(schema: Json, values: Json, level: number): Json {
  const { properties } = schema;
  if (!isJsonObject(properties) || level > MAX_DEFAULT_LEVELS) return schema;
  const entries = Object.entries(properties).map(([name, property]) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return [name, isJsonObject(property) && value !== undefined ? withDefault(property, value, level) : property];
  });
  return { ...schema, properties: Object.fromEntries(entries) };
}

function withDefault(property: Json, value: unknown, level: number): Json {
  const { default: _own, ...rest } = property;
  // Null takes a value away in Helm: it is no value to begin with.
  if (value === null) return rest;
  if (isJsonObject(value) && isJsonObject(property.properties)) return { ...addDefaults(rest, value, level + 1), default: {} };
  const isSmall = countParts(value) <= MAX_DEFAULT_NODES && depthOf(value) <= MAX_DEFAULT_DEPTH;
  return isSmall ? { ...rest, default: value } : rest;
}
