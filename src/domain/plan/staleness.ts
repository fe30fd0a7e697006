import type { FieldChange, Plan, PlannedDependency, PlannedObject } from '../deployment.ts';
import { canonicalJson } from '../effects.ts';
import { compareText, objectKey, refText } from '../object-ref.ts';
import { changeText, dependencyText, pinText, shortDigest, valueText } from './words.ts';

/** One thing that is no longer as the plan says, in words. */
export interface StalePart {
  what: string;
  was: string;
  is: string;
}

/** Differing fields named for one object. */
const MAX_FIELDS = 3;
const NOT_IN_PLAN = 'not in the plan';

/**
 * What differs between a plan and the same plan made anew; empty when the old one still holds. Only what would be done counts: who is
 * allowed what, and what a quota has left, is asked again when it is carried out.
 */
export function staleness(old: Plan, now: Plan): StalePart[] {
  const found = [
    ...textPart('template', templateText(old), templateText(now)),
    ...textPart('revision it starts from', baseText(old), baseText(now)),
    ...textPart('revision it goes back to', String(old.rollbackOf ?? 'none'), String(now.rollbackOf ?? 'none')),
    ...parameterParts(old, now),
    ...byName(old.objects, now.objects, ({ ref }) => objectKey(ref)).flatMap(objectPart),
    ...byName(old.dependencies, now.dependencies, ({ namespace, name }) => `${namespace}/${name}`).flatMap(dependencyPart),
  ];
  // Objects to create have no changes to compare; that their content differs shows here.
  return found.length > 0 ? found : textPart('rendered objects', shortDigest(old.rendered), shortDigest(now.rendered));
}

function textPart(what: string, was: string, is: string): StalePart[] {
  return was === is ? [] : [{ what, was, is }];
}

function templateText({ template }: Plan): string {
  return `${pinText(template)} (${shortDigest(template.digest)})`;
}

function baseText({ base }: Plan): string {
  return base === 0 ? 'none' : String(base);
}

function parameterParts(old: Plan, now: Plan): StalePart[] {
  const names = [...new Set([...Object.keys(old.parameters), ...Object.keys(now.parameters)])].sort(compareText);
  const text = ({ parameters }: Plan, name: string) =>
    Object.hasOwn(parameters, name) ? canonicalJson(parameters[name] ?? null) : '';
  const shown = ({ parameters }: Plan, name: string) =>
    Object.hasOwn(parameters, name) ? valueText(parameters[name]) : 'not given';
  const plain = names
    .filter((name) => text(old, name) !== text(now, name))
    .map((name) => ({ what: `parameter ${name}`, was: shown(old, name), is: shown(now, name) }));
  return [
    ...plain,
    ...textPart('secret parameters', listText(old.secretParameters), listText(now.secretParameters)),
    ...textPart('generated parameters', listText(old.generated), listText(now.generated)),
  ];
}

function listText(names: string[]): string {
  return [...names].sort(compareText).join(', ') || 'none';
}

interface Pair<T> {
  was?: T;
  is?: T;
}

/** Both lists by name: those of the old one first, in its order. */
function byName<T>(old: T[], now: T[], nameOf: (item: T) => string): Array<Pair<T>> {
  const pairs = new Map<string, Pair<T>>(old.map((was) => [nameOf(was), { was }]));
  for (const is of now) pairs.set(nameOf(is), { ...pairs.get(nameOf(is)), is });
  return [...pairs.values()];
}

function objectPart({ was, is }: Pair<PlannedObject>): StalePart[] {
  const ref = (was ?? is)?.ref;
  if (!ref) return [];
  const what = refText(ref);
  if (was?.action !== is?.action) return [{ what, was: was?.action ?? NOT_IN_PLAN, is: is?.action ?? NOT_IN_PLAN }];
  const [before, after] = [onlyIn(was, is), onlyIn(is, was)];
  return before === after ? [] : [{ what, was: before || 'no such change', is: after || 'no such change' }];
}

/** The changes of one object that the other does not have, in words. */
function onlyIn(object: PlannedObject | undefined, other: PlannedObject | undefined): string {
  const known = new Set((other?.changes ?? []).map(canonicalChange));
  const own = (object?.changes ?? []).filter((change) => !known.has(canonicalChange(change)));
  const more = own.length > MAX_FIELDS ? ` and ${own.length - MAX_FIELDS} more` : '';
  return own.slice(0, MAX_FIELDS).map(changeText).join('; ') + more;
}

function canonicalChange(change: FieldChange): string {
  return canonicalJson(change);
}

function dependencyPart({ was, is }: Pair<PlannedDependency>): StalePart[] {
  const name = (was ?? is)?.name ?? '';
  const text = (dependency: PlannedDependency | undefined) => (dependency ? dependencyText(dependency) : NOT_IN_PLAN);
  const parts = textPart(`dependency ${name}`, text(was), text(is));
  if (parts.length > 0 || !was?.plan || !is?.plan) return parts;
  return textPart(`plan of the dependency ${name}`, shortDigest(was.plan), shortDigest(is.plan));
}
