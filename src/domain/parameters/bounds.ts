/** How large given values may be, and which characters they may hold: checked before anything looks at them more closely. */

import type { ErrorIssue } from '../errors.ts';
import { pointerOf } from '../json-pointer.ts';
import { TOKEN_END, TOKEN_START } from '../render/secret-tokens.ts';
import { unstorable } from '../storable-text.ts';
import type { ParameterValues } from './schema.ts';

export const PARAMETER_VALUE_LIMITS = Object.freeze({
  /** bytes of one value as JSON; the largest real ones are web pages and configuration files */
  maxValueBytes: 64 * 1024,
  /** bytes of all values as JSON; a quarter of what one Secret or ConfigMap holds */
  maxTotalBytes: 256 * 1024,
  /** levels of one value */
  maxDepth: 32,
  /** parts of all values: comparing the items of a list with each other costs the square */
  maxNodes: 5000,
});

const KIB = 1024;

/** What is wrong with the shape of one value; undefined when nothing is. Iterative: the depth is a stranger's. */
function shapeIssue(value: unknown, counted: { nodes: number }): string | undefined {
  const waiting: Array<[unknown, number]> = [[value, 1]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [part, depth] = next;
    counted.nodes += 1;
    if (counted.nodes > PARAMETER_VALUE_LIMITS.maxNodes)
      return `has more than ${PARAMETER_VALUE_LIMITS.maxNodes} parts, all parameters together`;
    if (depth > PARAMETER_VALUE_LIMITS.maxDepth) return `is nested more than ${PARAMETER_VALUE_LIMITS.maxDepth} levels deep`;
    if (typeof part === 'number' && !Number.isFinite(part)) return 'holds a number that is none';
    const bad = typeof part === 'string' ? textIssue(part) : undefined;
    if (bad !== undefined) return bad;
    if (typeof part !== 'object' || part === null) continue;
    for (const [key, child] of Object.entries(part)) {
      if (key === '__proto__') return 'has a member "__proto__", which is not allowed';
      const badKey = textIssue(key);
      if (badKey !== undefined) return badKey;
      waiting.push([child, depth + 1]);
    }
  }
  return undefined;
}

/** What is wrong with the characters of a text; undefined when nothing is. */
function textIssue(text: string): string | undefined {
  // In a value they would be read as the place of a secret, and a secret put there.
  if (text.includes(TOKEN_START) || text.includes(TOKEN_END))
    return 'holds U+10F9C0 or U+10F9C1, private-use characters that mark the places of secrets: take them out';
  return unstorable(text);
}

/** Everything that makes values too large or unsafe to look at; none when they are fine. */
export function boundsIssues(values: ParameterValues): ErrorIssue[] {
  const { maxValueBytes, maxTotalBytes } = PARAMETER_VALUE_LIMITS;
  const counted = { nodes: 0 };
  let total = 0;
  for (const [name, value] of Object.entries(values)) {
    const path = pointerOf('', name);
    const shape = name === '__proto__' ? 'is not a name for a parameter' : shapeIssue(value, counted);
    if (shape !== undefined) return [{ path, message: shape }];
    const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
    total += bytes;
    if (bytes > maxValueBytes)
      return [{ path, message: `is ${bytes} bytes long, at most ${maxValueBytes / KIB} KiB are allowed` }];
    if (total > maxTotalBytes) return [{ path, message: `brings all parameters to more than ${maxTotalBytes / KIB} KiB` }];
  }
  return [];
}
