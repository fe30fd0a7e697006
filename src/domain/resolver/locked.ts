/**
 * Installing exactly what a lock file says. Nothing is chosen here: each version must still be listed with the same digest, and
 * together they must still be what the resolver could have decided. What does not fit is told in full.
 */
import { ChandleryError } from '../errors.ts';
import { type Lock, type LockedTemplate, orderTemplates } from '../lock.ts';
import type { LockFile, PinnedTemplate } from '../lock-file.ts';
import type { DependencySpec, VersionEntry } from '../registry.ts';
import { fits } from '../versions.ts';
import type { Lookup, ResolutionRoot } from './catalog.ts';
import { RESOLVE_LIMITS } from './limits.ts';
import type { Constraints } from './universe.ts';

/** Problems told in the message; the details have all of them. */
const MAX_TOLD = 5;

/** What the registries say of the versions in a lock file, by template name; absent = no longer listed. */
export type LockedListing = ReadonlyMap<string, VersionEntry>;

/** Asks each registry for the versions that the lock file names. Fails as registries do, except that what is gone is left out. */
export async function gatherLocked({ templates }: LockFile, lookup: Lookup): Promise<LockedListing> {
  const found = new Map<string, VersionEntry>();
  const queue = [...templates];
  const worker = async (): Promise<void> => {
    for (let pinned = queue.shift(); pinned !== undefined; pinned = queue.shift()) {
      const entry = await entryOf(pinned, lookup);
      if (entry !== undefined) found.set(pinned.name, entry);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(RESOLVE_LIMITS.concurrency, queue.length) }, worker));
  } finally {
    // After a failure nobody waits for the rest any more.
    queue.length = 0;
  }
  return found;
}

async function entryOf({ registry, name, version }: PinnedTemplate, lookup: Lookup): Promise<VersionEntry | undefined> {
  try {
    const { versions } = await lookup(registry, name, version);
    return versions.find((entry) => entry.version === version);
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'template_not_found') return undefined;
    throw error;
  }
}

/**
 * The lock that the file says, if it still holds: the resolver's rules, without a choice. A yanked version may stay in it.
 * Fails with lock_stale, naming everything that does not fit any more; digest_mismatch where a registry now lists other bytes.
 */
export function resolveLocked(root: ResolutionRoot, file: LockFile, listing: LockedListing, constraints: Constraints = {}): Lock {
  const check = new LockCheck(root, file, listing, constraints);
  const templates = check.templates();
  const ordered = orderTemplates(templates);
  const problems = check.problems(templates, ordered);
  if (problems.length > 0) throw stale(file.root, problems);
  const skipped = check.skipped();
  return { root: root.name, templates: ordered, ...(skipped.length > 0 ? { skipped } : {}) };
}

/** The versions of the lock that were withdrawn since. */
export function yankedIn(file: LockFile, listing: LockedListing): string[] {
  return file.templates.filter(({ name }) => listing.get(name)?.yanked === true).map(({ name, version }) => `${name} ${version}`);
}

type Edge = { by: PinnedTemplate; spec: DependencySpec };

class LockCheck {
  readonly #root: ResolutionRoot;
  readonly #file: LockFile;
  readonly #listing: LockedListing;
  readonly #constraints: Constraints;
  readonly #pinned: ReadonlyMap<string, PinnedTemplate>;
  readonly #edges: readonly Edge[];

  constructor(root: ResolutionRoot, file: LockFile, listing: LockedListing, constraints: Constraints) {
    this.#root = root;
    this.#file = file;
    this.#listing = listing;
    this.#constraints = constraints;
    this.#pinned = new Map(file.templates.map((pinned) => [pinned.name, pinned]));
    this.#edges = file.templates.flatMap((by) => this.#specsOf(by).map((spec) => ({ by, spec })));
    for (const pinned of file.templates) this.#refuseOtherBytes(pinned);
  }

  templates(): LockedTemplate[] {
    return [...this.#pinned.values()].map((pinned) => {
      const { size = 0, origin } = this.#listing.get(pinned.name) ?? {};
      const { registry, name, version, digest } = pinned;
      const demands = this.#edges.filter((edge) => edge.spec.name === name && isTaken(edge));
      const texts = new Set(demands.map(({ by, spec }) => JSON.stringify({ name: by.name, range: spec.version })));
      const requiredBy = [...texts].sort().map((text) => JSON.parse(text) as { name: string; range: string });
      const dependencies = [...pinned.dependencies].sort();
      return { registry, name, version, digest, size, dependencies, requiredBy, ...(origin && { origin }) };
    });
  }

  problems(templates: readonly LockedTemplate[], ordered: readonly LockedTemplate[]): string[] {
    return [
      ...this.#rootProblems(),
      ...this.#file.templates.flatMap((pinned) => this.#listingProblems(pinned)),
      ...this.#edges.flatMap((edge) => this.#edgeProblems(edge)),
      ...this.#shapeProblems(templates, ordered),
      ...this.#namespaceProblems(),
    ];
  }

  skipped() {
    const left = this.#edges.filter((edge) => !isTaken(edge));
    const why = 'the lock leaves it out';
    return left.map(({ spec }) => ({ name: spec.name, range: spec.version, why })).sort(byText);
  }

  /** The same version with another digest is not a matter of age: somebody has replaced it. */
  #refuseOtherBytes({ registry, name, version, digest }: PinnedTemplate): void {
    const listed = this.#listing.get(name);
    if (listed === undefined || listed.digest === digest) return;
    const message = `The lock has ${name} ${version} with ${digest}, but registry ${registry} now lists it with ${listed.digest}`;
    throw new ChandleryError('digest_mismatch', message, { registry, template: `${name}@${version}` });
  }

  /** What the pinned version needs, as its registry or the namespace knows it; what is inside its archive is nobody's to choose. */
  #specsOf(pinned: PinnedTemplate): DependencySpec[] {
    const listed = this.#listing.get(pinned.name);
    if (listed !== undefined) return listed.dependencies.filter(({ bundled }) => bundled !== true);
    const own = (this.#constraints.required ?? []).filter(({ requiredBy }) => requiredBy.split(' ')[0] === pinned.name);
    return this.#isInstalled(pinned) ? own.map(({ name, range }) => ({ name, version: range })) : [];
  }

  #isInstalled({ registry, name, version, digest }: PinnedTemplate): boolean {
    const installed = this.#constraints.installed?.find((entry) => entry.name === name);
    return installed?.registry === registry && installed.version === version && installed.digest === digest;
  }

  #rootProblems(): string[] {
    const { name, range, registry } = this.#root;
    const pinned = this.#pinned.get(name);
    if (this.#file.root !== name || pinned === undefined) return [`the lock is for ${this.#file.root}, not for ${name}`];
    const problems: string[] = [];
    if (!fits(pinned.version, range)) problems.push(`${name} ${range} was asked for, and the lock has ${pinned.version}`);
    if (registry !== undefined && registry !== pinned.registry)
      problems.push(`${name} was asked for from registry ${registry}, and the lock has it from ${pinned.registry}`);
    return problems;
  }

  #listingProblems(pinned: PinnedTemplate): string[] {
    if (this.#listing.has(pinned.name) || this.#isInstalled(pinned)) return [];
    return [`registry ${pinned.registry} no longer has ${pinned.name} ${pinned.version}`];
  }

  #edgeProblems(edge: Edge): string[] {
    const { by, spec } = edge;
    if (!isTaken(edge)) return [];
    const need = `${by.name} ${by.version} needs ${spec.name} ${spec.version}`;
    const target = this.#pinned.get(spec.name);
    if (target === undefined || !by.dependencies.includes(spec.name)) return [`${need}, which the lock does not give it`];
    if (!fits(target.version, spec.version)) return [`${need}, and the lock has ${target.version}`];
    // A name without a registry was settled when the lock was made.
    if (spec.registry !== undefined && spec.registry !== target.registry)
      return [`${need} from registry ${spec.registry}, and the lock has it from ${target.registry}`];
    return [];
  }

  /** More than what is needed, or a circle: the resolver makes no such lock. */
  #shapeProblems(templates: readonly LockedTemplate[], ordered: readonly LockedTemplate[]): string[] {
    const problems = this.#file.templates.flatMap((pinned) => {
      const stated = new Set(this.#specsOf(pinned).map(({ name }) => name));
      const more = this.#listing.has(pinned.name) ? pinned.dependencies.filter((name) => !stated.has(name)) : [];
      return more.map((name) => `the lock says that ${pinned.name} ${pinned.version} needs ${name}, which it does not`);
    });
    const reached = this.#reachable();
    const idle = templates.filter(({ name }) => !reached.has(name) && this.#pinned.has(this.#root.name));
    problems.push(...idle.map(({ name, version }) => `the lock has ${name} ${version}, which nothing in it needs`));
    const inOrder = new Set(ordered.map(({ name }) => name));
    const circle = templates.filter(({ name }) => !inOrder.has(name)).map(({ name }) => name);
    if (circle.length > 0) problems.push(`the lock has a circle among ${circle.sort().join(', ')} and what needs them`);
    return problems;
  }

  #reachable(): Set<string> {
    const reached = new Set([this.#root.name]);
    for (const name of reached) for (const target of this.#pinned.get(name)?.dependencies ?? []) reached.add(target);
    return reached;
  }

  /** What else is installed must go on working. */
  #namespaceProblems(): string[] {
    const { installed = [], required = [] } = this.#constraints;
    return required.flatMap(({ name, range, requiredBy }) => {
      const pinned = this.#pinned.get(name);
      const by = requiredBy.split(' ')[0] ?? '';
      if (pinned === undefined || this.#pinned.has(by)) return [];
      const home = installed.find((entry) => entry.name === name)?.registry ?? pinned.registry;
      if (fits(pinned.version, range) && home === pinned.registry) return [];
      const has = home === pinned.registry ? pinned.version : `${pinned.version} of ${pinned.registry}`;
      return [`${requiredBy} (installed) needs ${name} ${range}, and the lock has ${has}`];
    });
  }
}

/** An optional dependency is taken where the lock says so. */
function isTaken({ by, spec }: Edge): boolean {
  return spec.optional !== true || by.dependencies.includes(spec.name);
}

function byText(a: object, b: object): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

function stale(root: string, problems: readonly string[]): ChandleryError {
  const more = problems.length - MAX_TOLD;
  const told = problems.slice(0, MAX_TOLD).join('; ');
  const message = `The lock does not fit any more: ${told}${more > 0 ? `; and ${more} more` : ''}`;
  return new ChandleryError('lock_stale', message, { template: root, explanation: [...problems] });
}
