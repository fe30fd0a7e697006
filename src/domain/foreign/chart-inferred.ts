import type { ChartValues } from './chart-values.ts';
import { isJsonObject, type Json } from './json.ts';

/** Parameters guessed from a chart's values.yaml. */

/** Maps and lists the schema may have; the check of parameters allows 4,000, and the rest of the manifest needs little. */
const MAX_NODES = 3500;
/** Levels of values whose members are described; each is two levels of schema. */
const MAX_LEVELS = 9;
/** Of one default that is a list. */
const MAX_LIST_NODES = 50;
const MAX_LIST_DEPTH = 4;
/** Characters of a default that is text; a longer one is a file. */
const MAX_TEXT = 4096;

interface Place {
  value: unknown;
  path: string;
  level: number;
  schema: Json;
}

/**
 * A JSON Schema of the values, described level by level until MAX_NODES is reached: what is deeper stays a map without members. The first
 * type is the guess; others are let through where a chart that never stated one commonly takes them (`maxUnavailable: 1` and "25%").
 * Unknown names are let through, as Helm does.
 */
export function inferParameters({ values, comments, ambiguous }: ChartValues): Json {
  const root: Json = { type: 'object', additionalProperties: true };
  const waiting: Place[] = [{ value: values, path: '', level: 0, schema: root }];
  let nodes = 1;
  // Breadth first, so that a large chart loses its depths and not its last names.
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const entries = Object.entries(next.value as Json).filter(([name]) => name !== '<<');
    if (entries.length === 0 || next.level >= MAX_LEVELS || nodes + 2 + entries.length * 2 > MAX_NODES) continue;
    const properties: Json = {};
    nodes += 1;
    for (const [name, value] of entries) {
      const path = next.path === '' ? name : `${next.path}.${name}`;
      const listNodes = Array.isArray(value) ? countParts(value) : 0;
      const schema = describe(value, ambiguous.has(path), nodes + listNodes <= MAX_NODES);
      const description = comments.get(path);
      properties[name] = description === undefined ? schema : { ...schema, description };
      nodes += 2 + ('default' in schema ? listNodes : 0);
      if (isJsonObject(value)) waiting.push({ value, path, level: next.level + 1, schema: properties[name] as Json });
    }
    next.schema.properties = properties;
  }
  return root;
}

function describe(value: unknown, isAmbiguous: boolean, hasRoom: boolean): Json {
  if (value === null || isAmbiguous) return {};
  if (typeof value === 'boolean') return { type: 'boolean', default: value };
  if (typeof value === 'number') return { type: [Number.isInteger(value) ? 'integer' : 'number', 'string'], default: value };
  if (typeof value === 'string')
    return value.length > MAX_TEXT ? { type: 'string' } : { type: ['string', 'number'], default: value };
  if (!Array.isArray(value)) return { type: 'object' };
  const isSmall = hasRoom && countParts(value) <= MAX_LIST_NODES && depthOf(value) <= MAX_LIST_DEPTH;
  return isSmall ? { type: 'array', default: value } : { type: 'array' };
}

/** Maps and lists in a value, itself included. */
export function countParts(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, child) => sum + countParts(child), 1);
}

export function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Object.values(value).reduce<number>((deepest, child) => Math.max(deepest, depthOf(child)), 0);
}
