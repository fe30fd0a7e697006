import { canBeKept, type LicenceExpression, licencesOf, parseLicence } from './expression.ts';

/**
 * Which licences can be in one work. Templates of a tree run beside each other and are no one work; they are told of a conflict only where one is
 * merged into the other (`inherits`, charts packed in charts), or where the network itself carries the obligation (AGPL, SSPL).
 */

type Family = 'permissive' | 'weak' | 'strong' | 'network' | 'own';

const FAMILIES: ReadonlyArray<readonly [RegExp, Family]> = [
  [/^(AGPL|SSPL|EUPL|OSL)-/, 'network'],
  [/^LGPL-|^MPL-|^EPL-|^CDDL-|^CPL-|^GPL-.* WITH /, 'weak'],
  [/^GPL-|^CC-BY-SA-/, 'strong'],
  [/^LicenseRef-|^DocumentRef-|^BUSL-|^Elastic-|^CC-BY-N|^CC-BY-ND|^Parity-|^PolyForm-/, 'own'],
];

/** How much a licence asks of works that hold what is under it. */
function familyOf(licence: string): Family {
  return FAMILIES.find(([pattern]) => pattern.test(licence))?.[1] ?? 'permissive';
}

const GPL2_ONLY = /^(GPL-2\.0(-only)?|LGPL-2\.0-only)$/;
/** What the FSF lists as free and not compatible with version 2, and what only version 3 takes in. */
const NOT_IN_GPL2 = /^(Apache-2\.0|GPL-3\.0|LGPL-3\.0|AGPL-3\.0|MPL-1|EPL-|CDDL-|CPL-|BSD-4-Clause|OpenSSL)/;
const NOT_IN_ANY_GPL = /^(CDDL-|CPL-|EPL-1|MPL-1|BSD-4-Clause|OpenSSL)/;

/** Why two licences cannot be in one work; undefined where they can, or where nobody knows better. */
export function conflictOf(one: string, other: string): string | undefined {
  return conflictFrom(one, other) ?? conflictFrom(other, one);
}

function conflictFrom(from: string, to: string): string | undefined {
  const family = familyOf(from);
  if (family !== 'strong' && family !== 'network') return undefined;
  if (familyOf(to) === 'own') return `${from} asks that the whole be under it, and ${to} does not allow that`;
  if (GPL2_ONLY.test(from) && NOT_IN_GPL2.test(to)) return `${from} and ${to} each ask for what the other forbids`;
  if (NOT_IN_ANY_GPL.test(to)) return `${from} and ${to} each ask for what the other forbids`;
  return undefined;
}

/** A template of a tree with what it says of its licence. */
export interface LicensedTemplate {
  name: string;
  licence?: string | undefined;
  /** Names of those that are merged into it. */
  holds?: readonly string[];
}

/** What to know of the licences of a tree, in words; nothing where there is nothing to say. */
export function licenceNotes(tree: readonly LicensedTemplate[]): string[] {
  const byName = new Map(tree.map((template) => [template.name, template]));
  return tree.flatMap((template) => {
    const own = parseLicence(template.licence ?? '');
    const held = (template.holds ?? []).flatMap((name) => conflictNotes(template.name, own, byName.get(name)));
    return [...held, ...networkNote(template, own, tree.length)];
  });
}

function conflictNotes(name: string, own: LicenceExpression | undefined, part: LicensedTemplate | undefined): string[] {
  const other = parseLicence(part?.licence ?? '');
  if (!own || !other || !part) return [];
  // Each side may have a choice: it is a conflict when no choice of one goes with any of the other.
  const goesWith = (licence: string) => canBeKept(other, (theirs) => conflictOf(licence, theirs) === undefined);
  if (canBeKept(own, goesWith)) return [];
  const [why] = licencesOf(own).flatMap((mine) => licencesOf(other).flatMap((theirs) => conflictOf(mine, theirs) ?? []));
  return [`${name} holds ${part.name}, and their licences do not go together: ${why ?? ''}`];
}

function networkNote({ name }: LicensedTemplate, own: LicenceExpression | undefined, size: number): string[] {
  if (size < 2 || !own || canBeKept(own, (licence) => familyOf(licence) !== 'network')) return [];
  return [
    `${name} is under ${licencesOf(own).join(', ')}: whoever changes it owes its source to those who use it over the network`,
  ];
}
