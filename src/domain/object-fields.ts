/** Reading members of objects whose shape is not ours: what is missing or of another type counts as absent. */

export type Fields = Record<string, unknown>;

/** The value as an object; undefined for anything else. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** The value at a path of member names. */
export function valueAt(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const key of path) {
    const fields = fieldsOf(current);
    if (!fields || !Object.hasOwn(fields, key)) return undefined;
    current = fields[key];
  }
  return current;
}

export function fieldsAt(value: unknown, ...path: string[]): Fields | undefined {
  return fieldsOf(valueAt(value, ...path));
}

export function textAt(value: unknown, ...path: string[]): string | undefined {
  const found = valueAt(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** A whole number. */
export function countAt(value: unknown, ...path: string[]): number | undefined {
  const found = valueAt(value, ...path);
  return typeof found === 'number' && Number.isInteger(found) ? found : undefined;
}

/** The objects in a list; empty when there is none. */
export function listAt(value: unknown, ...path: string[]): Fields[] {
  const found = valueAt(value, ...path);
  const items: unknown[] = Array.isArray(found) ? found : [];
  return items.map(fieldsOf).filter((item) => item !== undefined);
}

/** The text members of an object, such as labels; empty when there is none. */
export function textsAt(value: unknown, ...path: string[]): Record<string, string> {
  const entries = Object.entries(fieldsAt(value, ...path) ?? {});
  return Object.fromEntries(entries.flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])));
}
