import { compareDebian } from './debian.ts';
import { compareMaven } from './maven.ts';
import { comparePep440 } from './pep440.ts';
import { compareGo, compareSemver } from './semver.ts';

/** Below 0, 0 or above 0; undefined when one of the two is no version of the ecosystem, so that nothing can be said. */
export type Compare = (a: string, b: string) => number | undefined;

/** By the names of the OSV schema, without what stands behind a colon. */
const ORDERS: ReadonlyMap<string, Compare> = new Map([
  ['npm', compareSemver],
  ['crates.io', compareSemver],
  ['Hex', compareSemver],
  ['Pub', compareSemver],
  ['SwiftURL', compareSemver],
  ['GitHub Actions', compareSemver],
  ['Go', compareGo],
  ['PyPI', comparePep440],
  ['Maven', compareMaven],
  ['Debian', compareDebian],
  ['Ubuntu', compareDebian],
]);

/** How versions of an ecosystem are ordered; undefined for one whose order is not known here. */
export function orderOf(ecosystem: string): Compare | undefined {
  return ORDERS.get(baseOf(ecosystem));
}

/** `Debian:12` is one release of `Debian`. */
export function baseOf(ecosystem: string): string {
  return ecosystem.split(':', 1)[0] ?? ecosystem;
}
