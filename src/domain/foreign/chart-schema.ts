import { PARAMETER_LIMITS, SINGLE_SUBSCHEMA, SUBSCHEMA_LISTS, SUBSCHEMA_MAPS } from '../template-parameters.ts';
import { isJsonObject, type Json } from './json.ts';

/** A chart's values.schema.json, of whatever draft, as JSON Schema 2020-12 that stands alone. Constraints that cannot be taken over are dropped, never tightened. */

/** `items` was a list in older drafts and is looked at by itself; nothing is taken from a `contentSchema`. */
const OWN_RULES = ['items', 'contentSchema'];
const SINGLE = SINGLE_SUBSCHEMA.filter((keyword) => !OWN_RULES.includes(keyword));
/** Names and targets of schemas in a world of several files, and words of other drafts or of no draft. */
const DROPPED = [
  '$schema',
  '$id',
  'id',
  '$anchor',
  '$dynamicAnchor',
  '$dynamicRef',
  '$recursiveAnchor',
  '$recursiveRef',
  '$vocabulary',
  'extends',
  'disallow',
  'divisibleBy',
];
/** Levels that are looked at; the check of the result refuses what is deeper. */
const MAX_DEPTH = 64;

export interface NormalisedSchema {
  schema: Json;
  /** What had to be dropped, in words; each kind once. */
  notes: string[];
}

class Normaliser {
  readonly notes = new Set<string>();
  #nodes = 0;

  constructor(readonly root: Json) {}

  /** A subschema; `true` where it cannot be read as one. */
  schema(value: unknown, depth: number): unknown {
    if (typeof value === 'boolean' || !isJsonObject(value)) return typeof value === 'boolean' ? value : true;
    this.#nodes += 1;
    if (depth > MAX_DEPTH || this.#nodes > PARAMETER_LIMITS.maxNodes) {
      this.notes.add('parts that are too deep or too many accept anything');
      return true;
    }
    const rest = this.#withoutForeignWords(this.#withUsableRef(value));
    return this.#children(this.#lists(this.#numbers(rest)), depth);
  }

  /** Reference by JSON pointer into this file, or none. Before 2019-09 whatever stands beside a `$ref` does not count. */
  #withUsableRef(schema: Json): Json {
    const { $ref, ...rest } = schema;
    if ($ref === undefined) return schema;
    if (typeof $ref === 'string' && ($ref === '#' || $ref.startsWith('#/'))) {
      const { title, description, default: preset } = schema;
      const kept = { $ref, title, description, default: preset };
      return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
    }
    this.notes.add('references to other files or to named parts are not followed');
    return rest;
  }

  #withoutForeignWords(schema: Json): Json {
    const result = Object.fromEntries(Object.entries(schema).filter(([key]) => !DROPPED.includes(key) && key !== '__proto__'));
    if (typeof result.required === 'boolean') delete result.required;
    if (Array.isArray(result.required))
      result.required = [...new Set(result.required.filter((name) => typeof name === 'string'))];
    if (Array.isArray(result.enum) && result.enum.length === 0) delete result.enum;
    if (result.type === 'any' || (Array.isArray(result.type) && (result.type.length === 0 || result.type.includes('any'))))
      delete result.type;
    if (Array.isArray(result.type)) result.type = [...new Set(result.type)];
    if (result.nullable !== undefined && result.type === undefined) delete result.nullable;
    for (const key of ['title', 'description', '$comment'])
      if (key in result && typeof result[key] !== 'string') delete result[key];
    if ('pattern' in result && !usablePattern(result.pattern)) {
      delete result.pattern;
      this.notes.add('patterns that are not of our dialect are not checked');
    }
    if ('x-chandlery' in result) delete result['x-chandlery'];
    return result;
  }

  /** Draft 4: `exclusiveMinimum: true` beside `minimum`. */
  #numbers(schema: Json): Json {
    for (const [flag, bound] of [
      ['exclusiveMinimum', 'minimum'],
      ['exclusiveMaximum', 'maximum'],
    ] as const) {
      if (typeof schema[flag] !== 'boolean') continue;
      const isExclusive = schema[flag] === true && typeof schema[bound] === 'number';
      if (!isExclusive) delete schema[flag];
      else {
        schema[flag] = schema[bound];
        delete schema[bound];
      }
    }
    return schema;
  }

  /** Before 2020-12 a list under `items` meant what `prefixItems` means now, and `dependencies` was both of its successors. */
  #lists(schema: Json): Json {
    const { items, additionalItems, dependencies, ...rest } = schema;
    if (Array.isArray(items)) {
      if (items.length > 0) rest.prefixItems = items;
      if (additionalItems !== undefined) rest.items = additionalItems;
    } else if (items !== undefined) rest.items = items;
    if (!isJsonObject(dependencies)) return rest;
    const entries = Object.entries(dependencies);
    const required = entries.filter(([, value]) => Array.isArray(value) || typeof value === 'string');
    const schemas = entries.filter(([, value]) => isJsonObject(value) || typeof value === 'boolean');
    if (required.length > 0) rest.dependentRequired = Object.fromEntries(required.map(([key, value]) => [key, [value].flat()]));
    if (schemas.length > 0) rest.dependentSchemas = Object.fromEntries(schemas);
    return rest;
  }

  #children(schema: Json, depth: number): Json {
    for (const key of SUBSCHEMA_MAPS) {
      const map = schema[key];
      if (map === undefined) continue;
      if (!isJsonObject(map)) delete schema[key];
      else schema[key] = this.#map(schema, key, map, depth);
    }
    for (const key of SINGLE) if (key in schema) schema[key] = this.schema(schema[key], depth + 1);
    if ('items' in schema) schema.items = this.schema(schema.items, depth + 1);
    for (const key of SUBSCHEMA_LISTS) {
      const list = schema[key];
      if (list === undefined) continue;
      if (!Array.isArray(list) || list.length === 0) delete schema[key];
      else schema[key] = list.map((item) => this.schema(item, depth + 1));
    }
    return schema;
  }

  #map(schema: Json, key: string, map: Json, depth: number): Json {
    const usable = Object.entries(map).filter(
      ([name]) => name !== '__proto__' && (key !== 'patternProperties' || usablePattern(name)),
    );
    if (usable.length < Object.keys(map).length && key === 'patternProperties') {
      // What the dropped pattern let in must not be refused now.
      for (const word of ['additionalProperties', 'unevaluatedProperties']) delete schema[word];
      this.notes.add('patterns that are not of our dialect are not checked');
    }
    return Object.fromEntries(usable.map(([name, sub]) => [name, this.schema(sub, depth + 1)]));
  }
}

function usablePattern(pattern: unknown): boolean {
  if (typeof pattern !== 'string' || pattern.length > PARAMETER_LIMITS.maxPatternLength) return false;
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}

/**
 * The schema as one of ours. Anything the chart does not name is let through where its author did not forbid it, as Helm does: values of
 * packed subcharts are not part of a chart's own schema. Undefined when it does not describe a map.
 */
export function normaliseSchema(value: unknown): NormalisedSchema | undefined {
  if (!isJsonObject(value)) return undefined;
  const { type } = value;
  if (type !== undefined && type !== 'object' && !(Array.isArray(type) && type.includes('object'))) return undefined;
  const normaliser = new Normaliser(value);
  const schema = normaliser.schema(value, 0);
  if (!isJsonObject(schema)) return undefined;
  return { schema: { additionalProperties: true, ...schema, type: 'object' }, notes: [...normaliser.notes] };
}
