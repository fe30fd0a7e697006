import { compareRead, compareVersions, type ReadVersion } from '../versions.ts';

/** Of the names that could be decided next, those of the lowest lane come first; within a lane, level by level. */
export type Lane = (typeof LANES)[number];
export const LANES = [0, 1, 2] as const;
/** Everything in an ordinary resolution; else what needs a name that is brought up to date. */
const FIRST = 0;
const UPDATED = 1;
const REST = 2;

/** `name` is needed by `requiredBy`, as it is installed. */
interface Need {
  name: string;
  requiredBy: string;
}

interface Ranked {
  registry: string;
  version: string;
  installed: boolean;
  read: ReadVersion | undefined;
}

/** What stays and what is brought up to date, and so in which order things are decided. */
export class Preference {
  readonly #root: string;
  readonly #updated: ReadonlySet<string> | undefined;
  readonly #first: ReadonlySet<string>;

  constructor(root: string, required: readonly Need[], updateOnly: readonly string[] | undefined) {
    this.#root = root;
    this.#updated = updateOnly && new Set(updateOnly);
    this.#first = new Set([root, ...dependentsOf(updateOnly ?? [], required)]);
  }

  lane(name: string): Lane {
    if (this.#updated === undefined || (this.#first.has(name) && !this.#updated.has(name))) return FIRST;
    return this.#updated.has(name) ? UPDATED : REST;
  }

  isUpdated(name: string): boolean {
    return this.#updated?.has(name) ?? false;
  }

  /** An install is about its root: what is there of it does not count, unless only others are to be brought up to date. */
  mayStay(name: string): boolean {
    return name !== this.#root || (this.#updated !== undefined && !this.#updated.has(name));
  }
}

/** All that needs one of the names, directly or by way of others, as it is installed. */
function dependentsOf(names: readonly string[], required: readonly Need[]): Set<string> {
  const found = new Set(names);
  for (const name of found) for (const entry of required) if (entry.name === name) found.add(entry.requiredBy);
  return found;
}

/**
 * What is installed first, then the newest, then the registry's name. With `home`, of a name that is brought up to date: the newest of
 * that registry, where it was installed from, and then of the others.
 */
export function byPreference(home: string | undefined): (a: Ranked, b: Ranked) => number {
  const rank = (candidate: Ranked): boolean => (home === undefined ? candidate.installed : candidate.registry === home);
  return (a, b) => Number(rank(b)) - Number(rank(a)) || byVersion(b, a) || (a.registry < b.registry ? -1 : 1);
}

function byVersion(a: Ranked, b: Ranked): number {
  return a.read && b.read ? compareRead(a.read, b.read) : compareVersions(a.version, b.version);
}
