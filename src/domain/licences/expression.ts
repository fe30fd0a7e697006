import parse from 'spdx-expression-parse';
import satisfies from 'spdx-satisfies';

/** Licences as SPDX expressions: `MIT`, `Apache-2.0 OR MIT`, `GPL-2.0-only WITH Classpath-exception-2.0`. */

type Expression = ReturnType<typeof parse>;

export type LicenceExpression = Expression;

/** The longest of real packages has about 200 characters; the parser goes as deep as the parentheses do. */
const MAX_CHARACTERS = 512;

/** Undefined for anything that is not an SPDX expression. `LicenseRef-Name` is one: a licence of one's own. */
export function parseLicence(text: string): LicenceExpression | undefined {
  if (text.trim() === '' || text.length > MAX_CHARACTERS) return undefined;
  try {
    return parse(text.trim());
  } catch {
    return undefined;
  }
}

/** One licence of an expression as text. */
function licenceText(leaf: Extract<Expression, { license: string }>): string {
  return `${leaf.license}${leaf.plus ? '+' : ''}${leaf.exception === undefined ? '' : ` WITH ${leaf.exception}`}`;
}

/**
 * Whether an expression can be kept by somebody who accepts only what `accepts` says: of `A OR B` one is enough, of `A AND B` both must be.
 * The tree is walked as it is: written out, twenty `OR`s joined by `AND` would be a million choices.
 */
export function canBeKept(expression: LicenceExpression, accepts: (licence: string) => boolean): boolean {
  if ('license' in expression) return accepts(licenceText(expression));
  const sides = [expression.left, expression.right];
  const kept = (side: Expression) => canBeKept(side, accepts);
  return expression.conjunction === 'or' ? sides.some(kept) : sides.every(kept);
}

/** Whether one licence is among those listed, with the ranges that SPDX has: `GPL-2.0-or-later` covers GPL-3.0-only. */
export function isListed(licence: string, listed: readonly string[]): boolean {
  return listed.some((entry) => licence === entry || satisfiesOne(licence, entry));
}

function satisfiesOne(licence: string, entry: string): boolean {
  try {
    return satisfies(licence, [entry]);
  } catch {
    // A licence of one's own in the list (LicenseRef-...) is compared by its name alone.
    return false;
  }
}

/** Every licence that an expression names, once. */
export function licencesOf(expression: LicenceExpression): string[] {
  if ('license' in expression) return [licenceText(expression)];
  return [...new Set([...licencesOf(expression.left), ...licencesOf(expression.right)])];
}
