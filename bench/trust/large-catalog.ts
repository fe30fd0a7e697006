import type { DependencySpec, VersionEntry } from '../../src/domain/registry.ts';
import type { Catalog } from '../../src/domain/resolver.ts';
import type { SeededRandom } from '../../tools/chaos/random.ts';

/**
 * A made-up registry that looks like one that grew: each template has a history of versions, needs mostly the same things from one
 * version to the next, and says about them what was true when it was published. For each template one version is drawn beforehand, and
 * what the drawn versions need fits each other, so that there is an answer; the newest ones often have none.
 */

/** Of 100 new versions so many change the major number, and so many more the minor one. */
const MAJOR_PERCENT = 10;
const MINOR_PERCENT = 45;
/** Of 100 templates the drawn version of so many is the newest. */
const NEWEST_PERCENT = 75;
/** Versions before the newest that may be drawn. */
const BEHIND = 3;
/** Dependencies of one version. */
const MIN_NEEDS = 2;
const MAX_NEEDS = 6;
/** Of 100 dependencies so many are on what everybody needs, the last templates of the list. */
const POPULAR_PERCENT = 20;
const POPULAR = 100;
/** The others are on near ones, so that several ranges meet. */
const REACH = 50;
/** Of 100 dependencies so many are another one in the next version. */
const CHANGED_PERCENT = 10;
/** Of 100 ranges so many are open upwards, so many are `^`, so many `~`; the rest name one version. */
const OPEN_PERCENT = 60;
const CARET_PERCENT = 30;
const TILDE_PERCENT = 8;
/** The template that is asked for needs every so manieth. */
const STRIDE = 7;
const PERCENT = 100;
const DIGEST_DIGITS = 64;
const REGISTRY = 'main';

type Version = readonly [major: number, minor: number, patch: number];

interface Template {
  /** oldest first */
  history: Version[];
  /** place in the history of the version that was drawn */
  drawn: number;
}

export function nameOf(index: number): string {
  return `t${index}`;
}

/** So many templates with so many versions each; the first one needs every seventh of the others. */
export function makeCatalog(random: SeededRandom, count: number, versions: number): Catalog {
  const templates = Array.from({ length: count }, () => makeTemplate(random, versions));
  const listed = templates.map((_, index) => {
    return { registry: REGISTRY, name: nameOf(index), versions: makeEntries(random, templates, index) };
  });
  return { root: { registry: REGISTRY, name: nameOf(0) }, templates: listed, missing: [], unavailable: [] };
}

function makeTemplate(random: SeededRandom, versions: number): Template {
  const history: Version[] = [[random.between(0, 1), 1, 0]];
  for (let last = history.at(-1); last !== undefined && history.length < versions; last = history.at(-1)) {
    const [major, minor, patch] = last;
    const step = random.between(1, PERCENT);
    if (step <= MAJOR_PERCENT) history.push([major + 1, 0, 0]);
    else if (step <= MAJOR_PERCENT + MINOR_PERCENT) history.push([major, minor + 1, 0]);
    else history.push([major, minor, patch + 1]);
  }
  const isNewest = random.between(1, PERCENT) <= NEWEST_PERCENT;
  return { history, drawn: versions - 1 - (isNewest ? 0 : random.between(1, BEHIND)) };
}

/** Newest first, as registries answer. */
function makeEntries(random: SeededRandom, templates: readonly Template[], index: number): VersionEntry[] {
  const { history = [] } = templates[index] ?? {};
  let targets = new Set<number>();
  const entries = history.map((version, at) => {
    targets = index === 0 ? everySeventh(templates.length) : changed(random, targets, index, templates.length);
    const needs = [...targets].map((target) => makeNeed(random, templates, { index, at, target }));
    const digest = `sha256:${(index * history.length + at).toString(16).padStart(DIGEST_DIGITS, '0')}`;
    return { version: version.join('.'), digest, size: 1, dependencies: needs };
  });
  return entries.reverse();
}

function everySeventh(count: number): Set<number> {
  return new Set(Array.from({ length: Math.floor((count - 1) / STRIDE) }, (_, at) => 1 + at * STRIDE));
}

function changed(random: SeededRandom, before: ReadonlySet<number>, index: number, count: number): Set<number> {
  const kept = [...before].filter(() => random.between(1, PERCENT) > CHANGED_PERCENT);
  const targets = new Set(kept);
  const wanted = before.size > 0 ? before.size : random.between(MIN_NEEDS, MAX_NEEDS);
  // The last ones have nothing left to need.
  for (let tries = 0; targets.size < wanted && index + 1 < count && tries < wanted * 2; tries += 1) {
    const isPopular = random.between(1, PERCENT) <= POPULAR_PERCENT && index < count - POPULAR;
    const [from, to] = isPopular ? [count - POPULAR, count - 1] : [index + 1, Math.min(index + REACH, count - 1)];
    targets.add(random.between(from, to));
  }
  return targets;
}

interface Place {
  index: number;
  /** place of the version in its history */
  at: number;
  target: number;
}

function makeNeed(random: SeededRandom, templates: readonly Template[], { index, at, target }: Place): DependencySpec {
  const { history = [], drawn = 0 } = templates[target] ?? {};
  const isDrawn = templates[index]?.drawn === at;
  // Others were made for what there was when they were published, more or less.
  const made = Math.min(Math.max(at + random.between(-1, 1), 0), history.length - 1);
  const version = history[isDrawn ? drawn : made] ?? [0, 0, 0];
  return { name: nameOf(target), version: index === 0 ? '*' : makeRange(random, version) };
}

function makeRange(random: SeededRandom, [major, minor, patch]: Version): string {
  const kind = random.between(1, PERCENT);
  if (kind <= OPEN_PERCENT) return `>=${major}.${minor}.0`;
  if (kind <= OPEN_PERCENT + CARET_PERCENT) return `^${major}.${minor}.0`;
  if (kind <= OPEN_PERCENT + CARET_PERCENT + TILDE_PERCENT) return `~${major}.${minor}.0`;
  return `${major}.${minor}.${patch}`;
}
