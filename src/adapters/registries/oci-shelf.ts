import { defaultTag, readTagSet, type TagSet, type VersionTag } from '../../domain/oci-tags.ts';
import { templateNotFound, versionNotFound } from '../../domain/registry-versions.ts';
import { fits } from '../../domain/versions.ts';
import type { OciClient } from '../oci/client.ts';
import { inParallel } from './in-parallel.ts';
import type { Artifact, Artifacts } from './oci-artifact.ts';
import { isEntryProblem } from './oci-problems.ts';
import type { Candidate, Repositories } from './oci-repositories.ts';

/** Requests to one registry at a time; below the connections that the client keeps to an origin. */
export const PARALLEL = 8;
/** Versions whose manifests are read when versions are listed: each costs two requests. Older ones are found when they are named. */
const MAX_LISTED_VERSIONS = 100;

export interface Found {
  candidate: Candidate;
  tags: TagSet;
  artifact: Artifact;
}

/** The templates of one registry: finds them by name, and says what is in a repository. */
export class Shelf {
  constructor(
    readonly registry: string,
    readonly client: OciClient,
    readonly repositories: Repositories,
    readonly artifacts: Artifacts,
  ) {}

  /** The tags of a repository; undefined when it is not there. */
  async tags({ repository }: Candidate, signal?: AbortSignal): Promise<TagSet | undefined> {
    const tags = await this.client.tags(repository, signal);
    return tags && readTagSet(tags);
  }

  /** One version of a template, the default one unless told. Fails with template_not_found or version_not_found. */
  async find(name: string, version?: string, signal?: AbortSignal): Promise<Found> {
    const guessed = this.repositories.guess(name);
    const near = await this.#among(guessed, name, version, signal);
    if (near) return near;
    // Not where it would be most simply: somewhere deeper, or nowhere.
    const { byName } = await this.repositories.all(signal);
    const known = new Set(guessed.map(({ repository }) => repository));
    const others = (byName.get(name) ?? []).filter(({ repository }) => !known.has(repository));
    const found = await this.#among(others, name, version, signal);
    if (found) return found;
    throw templateNotFound(this.registry, name, [...byName.keys()]);
  }

  async #among(
    candidates: readonly Candidate[],
    name: string,
    version: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Found | undefined> {
    for (const candidate of candidates) {
      const tags = await this.tags(candidate, signal);
      const usual = tags && defaultTag(tags);
      if (!tags || !usual) continue;
      const chosen = version === undefined ? usual : tags.versions.find((tag) => tag.version === version);
      const artifact = chosen && (await this.artifacts.read(candidate, chosen, undefined, signal));
      if (artifact) return { candidate, tags, artifact };
      if (chosen || !(await this.artifacts.read(candidate, usual, undefined, signal))) continue;
      throw versionNotFound(
        this.registry,
        name,
        version ?? '',
        tags.versions.map((tag) => tag.version),
      );
    }
    return undefined;
  }

  /** The newest versions, and the newest that fit `range`; those that cannot be used are left out. */
  async versions(name: string, range: string | undefined, signal?: AbortSignal): Promise<Artifact[]> {
    const { candidate, tags } = await this.find(name, undefined, signal);
    const read = await inParallel(chooseVersions(tags, range), PARALLEL, (tag) =>
      this.artifacts.read(candidate, tag, undefined, signal).catch((error: unknown) => {
        if (isEntryProblem(error)) return undefined;
        throw error;
      }),
    );
    return read.filter((artifact) => artifact !== undefined);
  }
}

function chooseVersions(tags: TagSet, range: string | undefined): VersionTag[] {
  const { versions } = tags;
  const usual = defaultTag(tags);
  const first = versions.slice(0, MAX_LISTED_VERSIONS);
  // Nightly builds can push the last release far down, and it is what a bare name means.
  const newest = usual === undefined || first.includes(usual) ? first : [...first, usual];
  if (range === undefined || versions.length <= MAX_LISTED_VERSIONS) return newest;
  const fitting: VersionTag[] = [];
  for (const tag of versions.slice(MAX_LISTED_VERSIONS)) {
    if (tag !== usual && fits(tag.version, range)) fitting.push(tag);
    if (fitting.length === MAX_LISTED_VERSIONS) break;
  }
  return [...newest, ...fitting];
}
