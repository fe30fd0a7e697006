import type { AccessRule } from '../domain/access-table.ts';
import { ChandleryError } from '../domain/errors.ts';

/** Finds the row of a request, by the same rules as Express: letter case and one slash at the end do not matter. */

export interface MatchedRule {
  rule: AccessRule;
  params: Record<string, string>;
}

interface Route {
  rule: AccessRule;
  segments: string[];
  /** how many are no parameters */
  fixed: number;
}

const isParameter = (segment: string) => segment.startsWith('{');

/** The rows by method and number of segments; of two that fit, the one with fewer parameters wins. Fails for two equal rows. */
export function createRuleFinder(table: readonly AccessRule[]): (method: string, path: string) => MatchedRule | undefined {
  const routes = new Map<string, Route[]>();
  const seen = new Set<string>();
  for (const rule of table) {
    const segments = segmentsOf(rule.path);
    const shape = `${rule.method} ${segments.map((part) => (isParameter(part) ? '{}' : part.toLowerCase())).join('/')}`;
    if (seen.has(shape)) throw new Error(`the access table has two rows for ${shape}`);
    seen.add(shape);
    const key = keyOf(rule.method, segments);
    const fixed = segments.filter((part) => !isParameter(part)).length;
    routes.set(
      key,
      [...(routes.get(key) ?? []), { rule, segments, fixed }].toSorted((a, b) => b.fixed - a.fixed),
    );
  }
  return (method, path) => {
    const segments = segmentsOf(path.endsWith('/') ? path.slice(0, -1) : path);
    // Express answers HEAD with what it has for GET.
    const found = routes.get(keyOf(method === 'HEAD' ? 'GET' : method, segments))?.find((route) => fits(route, segments));
    return found && { rule: found.rule, params: paramsOf(found, segments) };
  };
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

function keyOf(method: string, segments: readonly string[]): string {
  return `${method} ${segments.length}`;
}

function fits({ segments }: Route, given: readonly string[]): boolean {
  return segments.every((segment, at) => {
    const part = given[at] ?? '';
    return isParameter(segment) ? part !== '' : segment.toLowerCase() === part.toLowerCase();
  });
}

function paramsOf({ segments }: Route, given: readonly string[]): Record<string, string> {
  const pairs = segments.flatMap((segment, at) =>
    isParameter(segment) ? [[segment.slice(1, -1), decoded(given[at] ?? '')] as const] : [],
  );
  return Object.fromEntries(pairs);
}

/** As Express decodes it for the router: both must see the same text. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ChandleryError('invalid_request', 'The path cannot be decoded: % must be followed by two hexadecimal digits');
  }
}
