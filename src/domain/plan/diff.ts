import type { KubeObject } from '../cluster.ts';
import type { FieldChange } from '../deployment.ts';
import { canonicalJson } from '../effects.ts';
import { pointerOf } from '../json-pointer.ts';
import { type Fields, fieldsOf } from '../object-fields.ts';
import { compareText } from '../object-ref.ts';
import { comparable, isSecret } from './comparable.ts';
import { mergeKeys } from './merge-keys.ts';

/** Bounds of what a plan tells of one object. */
const LIMITS = {
  /** Changes; a person reads no more, and a plan holds many objects. */
  changes: 200,
  /** Characters of one value; longer ones are cut, with their length behind. */
  value: 256,
} as const;

/** Stands for a secret value that is there. */
const SECRET_VALUE = '(secret)';

export interface ObjectDiff {
  /** by path, as the members are named */
  changes: FieldChange[];
  /** True when there were more than are listed. */
  truncated: boolean;
}

interface Walk {
  changes: FieldChange[];
  /** Pointers whose values are secret begin with one of these. */
  secret: string[];
}

/**
 * What a change would do to an object: `before` as it is, `after` as the cluster answers a dry run. What the cluster keeps for itself
 * (status, versions, managers) is left out. Of a Secret's values only whether each was added, changed or removed is told. An object
 * that is not there yet has no changes: all of it is new, and the server's defaults in a dry run say nothing about the template.
 * A path is a JSON pointer into `after`, for what is removed into `before`; lists are compared by their items' keys.
 */
export function diffObjects(before: KubeObject | undefined, after: KubeObject): ObjectDiff {
  if (!before) return { changes: [], truncated: false };
  const walk: Walk = { changes: [], secret: isSecret(after) ? ['/data/'] : [] };
  compare(walk, '', '', comparable(before), comparable(after));
  return { changes: walk.changes.slice(0, LIMITS.changes), truncated: walk.changes.length > LIMITS.changes };
}

/** One more than is told, so that it is known that there are more. */
function isFull({ changes }: Walk): boolean {
  return changes.length > LIMITS.changes;
}

function compare(walk: Walk, path: string, member: string, before: unknown, after: unknown): void {
  if (isFull(walk) || canonicalJson(before ?? null) === canonicalJson(after ?? null)) return;
  const fields = { before: fieldsOf(before), after: fieldsOf(after) };
  if (fields.before && fields.after) compareFields(walk, path, fields.before, fields.after);
  else if (Array.isArray(before) && Array.isArray(after)) compareLists(walk, path, member, before, after);
  else if (fields.before ?? fields.after) addTree(walk, path, fields, before, after);
  else if (Array.isArray(before ?? after) && (before === undefined || after === undefined))
    compareLists(walk, path, member, asList(before), asList(after));
  else add(walk, path, before, after);
}

function compareFields(walk: Walk, path: string, before: Fields, after: Fields): void {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(compareText);
  for (const name of names) compare(walk, pointerOf(path, name), name, memberOf(before, name), memberOf(after, name));
}

/** A member that is null counts as absent: the API server writes both for the same thing. */
function memberOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? (fields[name] ?? undefined) : undefined;
}

/** An object that appears or goes: as one change while it is short, else each of its members, so that nothing worth knowing is cut off. */
function addTree(
  walk: Walk,
  path: string,
  fields: { before: Fields | undefined; after: Fields | undefined },
  before: unknown,
  after: unknown,
): void {
  const size = canonicalJson(before ?? after).length;
  const whole = size <= LIMITS.value && !hidesSecrets(walk, path);
  // Of an object that gives way to a text or a list, or the other way round, both must be seen.
  if (whole || (before !== undefined && after !== undefined)) add(walk, path, before, after);
  else compareFields(walk, path, fields.before ?? {}, fields.after ?? {});
}

function hidesSecrets({ secret }: Walk, path: string): boolean {
  return secret.some((prefix) => prefix.startsWith(`${path}/`));
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function compareLists(walk: Walk, path: string, member: string, before: unknown[], after: unknown[]): void {
  const keys = mergeKeys(member, before, after);
  if (!keys) {
    const short = Math.max(canonicalJson(before).length, canonicalJson(after).length) <= LIMITS.value;
    // A list of plain values reads best whole: the arguments of a command, the verbs of a rule.
    if (short || before.length !== after.length) add(walk, path, before, after);
    else for (const [at, item] of after.entries()) compare(walk, pointerOf(path, at), '', before[at], item);
    return;
  }
  const old = new Map(keys.before.map((key, at) => [key, before[at]]));
  const found = walk.changes.length;
  for (const [at, key] of keys.after.entries()) compare(walk, pointerOf(path, at), '', old.get(key), after[at]);
  const kept = new Set(keys.after);
  for (const [at, key] of keys.before.entries())
    if (!kept.has(key)) compare(walk, pointerOf(path, at), '', before[at], undefined);
  // The same items in another order: that, and nothing else, is the change.
  if (walk.changes.length === found && keys.before.join() !== keys.after.join()) add(walk, path, keys.before, keys.after);
}

function add(walk: Walk, path: string, before: unknown, after: unknown): void {
  if (isFull(walk)) return;
  const masked = walk.secret.some((prefix) => path.startsWith(prefix));
  const shown = (value: unknown) => (masked ? SECRET_VALUE : shortened(value));
  walk.changes.push({
    path,
    ...(before !== undefined && { before: shown(before) }),
    ...(after !== undefined && { after: shown(after) }),
    ...(masked && { masked }),
  });
}

/** The value, or the beginning of its text with its length behind. */
function shortened(value: unknown): unknown {
  const text = typeof value === 'string' ? value : canonicalJson(value);
  if (text.length <= LIMITS.value) return value;
  // Never half of a surrogate pair: a store of JSON refuses it.
  return `${text.slice(0, LIMITS.value).replace(/[\uD800-\uDBFF]$/, '')}… (${text.length} characters)`;
}
