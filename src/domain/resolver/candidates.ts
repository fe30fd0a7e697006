import type { ArchiveOrigin } from '../lock.ts';
import type { DependencySpec, VersionEntry } from '../registry.ts';
import { type ReadVersion, readVersion } from '../versions.ts';
import type { Catalog } from './catalog.ts';
import { Shelf } from './shelf.ts';

/** A version that may be chosen. */
export interface Candidate {
  registry: string;
  version: string;
  digest: string;
  size: number;
  dependencies: readonly DependencySpec[];
  yanked: boolean;
  installed: boolean;
  origin?: ArchiveOrigin;
  /** The version; undefined where it is none, which fits no range. */
  read: ReadVersion | undefined;
}

/** What the registries offer, by template name. */
export function offeredCandidates(catalog: Catalog): Map<string, Candidate[]> {
  const offered = new Map<string, Candidate[]>();
  for (const { registry, name, versions } of catalog.templates) {
    const candidates = versions.map((entry) => candidateOf(registry, entry));
    const known = offered.get(name);
    if (known === undefined) offered.set(name, candidates);
    else known.push(...candidates);
  }
  return offered;
}

function candidateOf(registry: string, { version, digest, size, dependencies, yanked = false, origin }: VersionEntry): Candidate {
  const read = readVersion(version);
  const candidate: Candidate = { registry, version, digest, size, dependencies, yanked, installed: false, read };
  if (origin !== undefined) candidate.origin = origin;
  return candidate;
}

/** The candidates of one name by registry, each with its bit. */
export function shelve(candidates: readonly Candidate[]): Map<string, Shelf> {
  const shelves = new Map<string, Shelf>();
  for (const { registry } of candidates) {
    if (shelves.has(registry)) continue;
    shelves.set(registry, new Shelf(candidates, registry));
  }
  return shelves;
}
