import type { Lock, LockedTemplate } from '../lock.ts';
import { fits } from '../versions.ts';
import type { InstalledTemplate } from './catalog.ts';
import type { Constraints } from './universe.ts';

/**
 * What bringing only some names up to date comes to, a sentence each: what was brought up to date, what could not be, and what had to
 * move for it and why. In the order of the lock; the rest stayed.
 */
export function describeUpdate(lock: Lock, { installed = [], required = [], updateOnly = [] }: Constraints): string[] {
  const before = new Map(installed.map((entry) => [entry.name, entry]));
  return lock.templates.flatMap((template) => {
    const was = before.get(template.name);
    const asked = updateOnly.includes(template.name);
    if (was === undefined) return [`${template.name} ${template.version} comes in: ${needsOf(lock, template).join(' and ')}`];
    if (isSame(was, template)) return asked ? [stays(lock, template)] : [];
    const move = moved(was, template);
    return [asked ? move : `${move}, it had to: ${whyMoved(lock, template, was, required).join(' and ')}`];
  });
}

function isSame(was: InstalledTemplate, now: LockedTemplate): boolean {
  return was.registry === now.registry && was.version === now.version && was.digest === now.digest;
}

function moved(was: InstalledTemplate, now: LockedTemplate): string {
  const other = was.registry !== now.registry;
  const from = other ? `${was.version} of ${was.registry}` : was.version;
  const to = other ? `${now.version} of ${now.registry}` : now.version;
  return `${now.name} moves from ${from} to ${to}`;
}

function stays(lock: Lock, template: LockedTemplate): string {
  const needs = needsOf(lock, template);
  const bounds = needs.length === 0 ? '' : ` (${needs.join(' and ')})`;
  return `${template.name} stays at ${template.version}: nothing newer fits what else is there${bounds}`;
}

/** Who would not have borne the version before; else whom that version would not have borne. */
function whyMoved(
  lock: Lock,
  template: LockedTemplate,
  was: InstalledTemplate,
  required: NonNullable<Constraints['required']>,
): string[] {
  const demands = needsOf(lock, template, (range) => !fits(was.version, range));
  if (demands.length > 0) return demands;
  const own = required.filter(({ requiredBy }) => requiredBy.split(' ')[0] === template.name);
  const unmet = own.flatMap(({ name, range }) => {
    const chosen = versionIn(lock, name);
    return chosen === undefined || fits(chosen, range) ? [] : [`${template.name} ${was.version} needs ${name} ${range}`];
  });
  return unmet.length > 0 ? unmet : [`${template.name} ${was.version} does not go with the rest`];
}

function needsOf(lock: Lock, template: LockedTemplate, isMeant: (range: string) => boolean = () => true): string[] {
  const meant = template.requiredBy.filter(({ range }) => isMeant(range));
  return meant.map(({ name, range }) => `${name} ${versionIn(lock, name) ?? ''} needs ${template.name} ${range}`);
}

function versionIn(lock: Lock, name: string): string | undefined {
  return lock.templates.find((template) => template.name === name)?.version;
}
