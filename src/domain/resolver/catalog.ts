import { ChandleryError } from '../errors.ts';
import type { VersionEntry } from '../registry.ts';
import {
  compareVersions,
  exactVersion,
  isRange,
  isVersion,
  MAX_RANGE_LENGTH,
  type RangeOptions,
  selectVersions,
} from '../versions.ts';
import { RESOLVE_LIMITS, type ResolveLimits } from './limits.ts';

/** What a resolution is about: a name, and optionally which registry and which versions. */
export interface ResolutionRoot {
  /** absent = the registry that answers bare names */
  registry?: string;
  name: string;
  /** absent = the newest release */
  range?: string;
  /** Pre-releases of this template count like releases; what it needs is as its own ranges say. */
  prerelease?: boolean;
}

/** All usable versions of one template in one registry, newest first. */
export interface CatalogTemplate {
  registry: string;
  name: string;
  versions: VersionEntry[];
}

/** Everything a resolution may choose from: plain data, so that the choice itself needs no network. Sorted. */
export interface Catalog {
  /** where the root was found */
  root: { registry: string; name: string };
  templates: CatalogTemplate[];
  /** looked up and not there */
  missing: Array<{ registry: string; name: string }>;
  /** only optional dependencies lead there, and the look-up failed */
  unavailable: Array<{ registry: string; name: string; why: string }>;
}

/**
 * A registry of `undefined` means: whichever answers bare names. `range` is what is known to be wanted, for registries that do not list
 * everything; undefined where that cannot be said in one range. Missing templates fail with template_not_found.
 */
export type Lookup = (
  registry: string | undefined,
  name: string,
  range: string | undefined,
) => Promise<{ registry: string; versions: VersionEntry[] }>;

/** What stands in the namespace already. */
export interface InstalledTemplate {
  name: string;
  version: string;
  registry: string;
  digest: string;
}

export interface GatherOptions {
  /** kept versions are explored even where they are yanked */
  installed?: readonly InstalledTemplate[];
  /** names to be brought up to date: looked for in the registry that they were installed from, too */
  updateOnly?: readonly string[];
  limits?: Partial<ResolveLimits>;
}

interface Node {
  registry: string;
  name: string;
  /** reached without an optional dependency on the way: its failure is everyone's */
  mandatory: boolean;
  ranges: Set<string>;
  versions?: VersionEntry[];
  /** in question whatever the ranges say */
  besides?: readonly string[];
  failure?: unknown;
  explored: Set<VersionEntry>;
}

/**
 * Looks up the root and everything that any version in question may need, level by level, each level in parallel.
 * A failed look-up is passed on, unless only optional dependencies lead there. Fails with too_large past the limits.
 */
export async function gatherCatalog(root: ResolutionRoot, lookup: Lookup, options: GatherOptions = {}): Promise<Catalog> {
  return new Gathering(lookup, options).run(root);
}

class Gathering {
  readonly #nodes = new Map<string, Node>();
  readonly #lookup: Lookup;
  readonly #limits: ResolveLimits;
  readonly #installed: ReadonlyMap<string, InstalledTemplate>;
  /** Where the names to be brought up to date were installed from. */
  readonly #homes: ReadonlyMap<string, string>;

  constructor(lookup: Lookup, options: GatherOptions) {
    this.#lookup = lookup;
    this.#limits = { ...RESOLVE_LIMITS, ...options.limits };
    this.#installed = new Map((options.installed ?? []).map((entry) => [nodeKey(entry.registry, entry.name), entry]));
    const updated = (options.installed ?? []).filter(({ name }) => options.updateOnly?.includes(name));
    this.#homes = new Map(updated.map(({ name, registry }) => [name, registry]));
  }

  async run(root: ResolutionRoot): Promise<Catalog> {
    const found = await this.#lookup(root.registry, root.name, root.range);
    const first = this.#node(found.registry, root.name);
    first.mandatory = true;
    first.ranges.add(root.range ?? 'latest');
    first.versions = this.#usable(found.registry, root.name, found.versions);
    if (root.prerelease === true) first.besides = fittingEntries(first.versions, root.range, { prerelease: true });
    let level = this.#explore([first]);
    for (let depth = 1; level.size > 0; depth++) {
      if (depth > this.#limits.maxDepth) throw this.#tooDeep(level);
      await this.#fetch([...level].filter((node) => node.versions === undefined && node.failure === undefined));
      level = this.#explore(level);
    }
    return this.#catalog(first);
  }

  /** Follows the dependencies of every version newly in question; answers the nodes that gained a range. */
  #explore(nodes: Iterable<Node>): Set<Node> {
    const reached = new Set<Node>();
    for (const node of nodes) {
      for (const entry of this.#inQuestion(node)) {
        if (node.explored.has(entry)) continue;
        node.explored.add(entry);
        for (const dependency of entry.dependencies) {
          const target = this.#node(dependency.registry ?? node.registry, dependency.name);
          if (node.mandatory && dependency.optional !== true) this.#makeMandatory(target);
          const home = dependency.registry === undefined ? this.#homes.get(dependency.name) : undefined;
          for (const wanted of home === undefined ? [target] : [target, this.#node(home, dependency.name)]) {
            if (wanted.ranges.has(dependency.version)) continue;
            wanted.ranges.add(dependency.version);
            reached.add(wanted);
          }
        }
      }
    }
    return reached;
  }

  #inQuestion(node: Node): VersionEntry[] {
    const versions = node.versions ?? [];
    const wanted = new Set(node.besides);
    for (const range of node.ranges) for (const version of fittingEntries(versions, range)) wanted.add(version);
    const installed = this.#installed.get(nodeKey(node.registry, node.name));
    if (installed !== undefined) wanted.add(installed.version);
    return versions.filter((entry) => wanted.has(entry.version));
  }

  #makeMandatory(start: Node): void {
    const open = [start];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node.failure !== undefined) throw node.failure;
      if (node.mandatory) continue;
      node.mandatory = true;
      for (const entry of node.explored) {
        for (const dependency of entry.dependencies) {
          if (dependency.optional !== true) open.push(this.#node(dependency.registry ?? node.registry, dependency.name));
        }
      }
    }
  }

  async #fetch(nodes: Node[]): Promise<void> {
    const queue = [...nodes].sort(byKey);
    const worker = async (): Promise<void> => {
      for (let node = queue.shift(); node !== undefined; node = queue.shift()) await this.#fetchOne(node);
    };
    try {
      await Promise.all(Array.from({ length: Math.min(this.#limits.concurrency, queue.length) }, worker));
    } finally {
      // After a failure nobody waits for the rest any more.
      queue.length = 0;
    }
  }

  async #fetchOne(node: Node): Promise<void> {
    try {
      const found = await this.#lookup(node.registry, node.name, anyOf(node.ranges));
      node.versions = this.#usable(node.registry, node.name, found.versions);
    } catch (error) {
      if (error instanceof ChandleryError && error.code === 'template_not_found') node.versions = [];
      else if (node.mandatory) throw error;
      else node.failure = error ?? new Error('the look-up failed without saying why');
    }
  }

  #node(registry: string, name: string): Node {
    const key = nodeKey(registry, name);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    if (this.#nodes.size >= this.#limits.maxTemplates) {
      throw new ChandleryError(
        'too_large',
        `The dependencies reach more than ${this.#limits.maxTemplates} templates; stopped at ${registry}/${name}.`,
        { template: name, registry },
      );
    }
    const node: Node = { registry, name, mandatory: false, ranges: new Set(), explored: new Set() };
    this.#nodes.set(key, node);
    return node;
  }

  /** Newest first, without what is not a version. One version with two digests is refused: nobody can say which was meant. */
  #usable(registry: string, name: string, listed: readonly VersionEntry[]): VersionEntry[] {
    if (listed.length > this.#limits.maxVersions) {
      const message = `${registry}/${name} lists ${listed.length} versions, more than the ${this.#limits.maxVersions} allowed.`;
      throw new ChandleryError('too_large', message, { registry, template: name });
    }
    const byVersion = new Map<string, VersionEntry>();
    for (const entry of listed) {
      if (!isVersion(entry.version)) continue;
      const other = byVersion.get(entry.version);
      if (other !== undefined && other.digest !== entry.digest) {
        const message = `Registry ${registry} lists ${name} ${entry.version} twice, with different digests.`;
        throw new ChandleryError('registry_invalid', message, { registry, template: `${name}@${entry.version}` });
      }
      // What comes inside the archive is nobody's to choose.
      byVersion.set(entry.version, { ...entry, dependencies: entry.dependencies.filter(({ bundled }) => bundled !== true) });
    }
    return [...byVersion.values()].sort((a, b) => compareVersions(b.version, a.version));
  }

  #tooDeep(level: Set<Node>): ChandleryError {
    const [node] = [...level].sort(byKey);
    const where = node === undefined ? '' : `; stopped at ${node.registry}/${node.name}`;
    return new ChandleryError('too_large', `The dependencies go deeper than ${this.#limits.maxDepth} levels${where}.`);
  }

  #catalog(root: Node): Catalog {
    const nodes = [...this.#nodes.values()].sort(byKey);
    const plain = ({ registry, name }: Node): { registry: string; name: string } => ({ registry, name });
    return {
      root: plain(root),
      templates: nodes.flatMap((node) => (node.versions?.length ? [{ ...plain(node), versions: node.versions }] : [])),
      missing: nodes.filter((node) => node.versions?.length === 0).map(plain),
      unavailable: nodes.flatMap((node) =>
        node.failure === undefined ? [] : [{ ...plain(node), why: reasonFor(node.failure) }],
      ),
    };
  }
}

/** The versions a range may choose among these, newest first. Yanked ones only where the range names one exactly. */
export function fittingEntries(
  entries: ReadonlyArray<{ version: string; yanked?: boolean }>,
  range: string | undefined,
  options: RangeOptions = {},
): string[] {
  const exact = exactVersion(range);
  const open = entries.filter((entry) => entry.yanked !== true || entry.version === exact);
  return selectVersions(
    open.map((entry) => entry.version),
    range,
    options,
  );
}

/** One range for several, in an order that does not depend on who asked first; undefined where one of them is no semver range. */
function anyOf(ranges: ReadonlySet<string>): string | undefined {
  const joined = [...ranges].sort().join(' || ');
  return !ranges.has('latest') && joined.length <= MAX_RANGE_LENGTH && isRange(joined) ? joined : undefined;
}

function nodeKey(registry: string, name: string): string {
  return `${registry}/${name}`;
}

function byKey(a: Node, b: Node): number {
  return nodeKey(a.registry, a.name) < nodeKey(b.registry, b.name) ? -1 : 1;
}

function reasonFor(failure: unknown): string {
  return failure instanceof Error ? failure.message : 'the look-up failed';
}
