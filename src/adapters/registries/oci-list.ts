import { createHash } from 'node:crypto';
import { defaultTag, missingTracks, type VersionTag } from '../../domain/oci-tags.ts';
import type { Listing, ListingProblem, ListOptions, TemplateSummary } from '../../domain/registry.ts';
import { inParallel } from './in-parallel.ts';
import type { Artifact } from './oci-artifact.ts';
import { isEntryProblem } from './oci-problems.ts';
import type { Candidate } from './oci-repositories.ts';
import { PARALLEL, type Shelf } from './oci-shelf.ts';

/** Names looked at before a batch is handed on. */
const BATCH = 100;

/** A repository as a first look found it: two requests, no content. */
interface Seen {
  candidate: Candidate;
  chosen?: VersionTag;
  digest?: string;
  problem?: string;
  missing: string[];
}

interface ShelfListing {
  shelf: Shelf;
  summary: (artifact: Artifact) => TemplateSummary;
  /** Repositories were named by hand: one that holds no template is worth a word. */
  isConfigured: boolean;
}

/**
 * Lists a registry: first where the tags lead, which also tells whether anything changed since the last time, then the content of the
 * default version of each template.
 */
export async function listShelf({ shelf, summary, isConfigured }: ShelfListing, options: ListOptions): Promise<Listing> {
  const { signal, validator: known, onProblem = () => undefined } = options;
  const { byName, unnamed } = await shelf.repositories.all(signal);
  const seen = await inParallel([...byName.values()].flat(), PARALLEL, (candidate) => look(shelf, candidate, signal));
  const validator = validatorOf(seen, unnamed);
  if (validator === known) return { unchanged: true };
  const report = (candidate: Candidate, message: string) => onProblem({ subject: candidate.repository, message });
  const before = (): void => {
    for (const problem of isConfigured ? unnamed.map(unnamedProblem) : []) onProblem(problem);
    for (const { candidate, missing } of seen)
      for (const track of missing)
        report(candidate, `the tag ${track} is missing: versions of this track are there, and whoever follows it would get none`);
  };
  const groups = groupByName(seen);
  return { unchanged: false, validator, templates: batches({ shelf, groups, summary, report, isConfigured, before, signal }) };
}

async function look(shelf: Shelf, candidate: Candidate, signal: AbortSignal | undefined): Promise<Seen> {
  try {
    const tags = await shelf.tags(candidate, signal);
    const chosen = tags && defaultTag(tags);
    if (!tags || !chosen)
      return { candidate, problem: tags ? 'it has no tag that is a version' : 'there is no such repository', missing: [] };
    const digest = await shelf.client.resolve(candidate.repository, chosen.tag, signal);
    return { candidate, chosen, ...(digest ? { digest } : {}), missing: candidate.isDeployer ? missingTracks(tags) : [] };
  } catch (error) {
    if (!isEntryProblem(error)) throw error;
    return { candidate, problem: error.message, missing: [] };
  }
}

function validatorOf(seen: readonly Seen[], unnamed: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(unnamed));
  for (const { candidate, chosen, digest, problem, missing } of seen)
    hash.update(`\n${JSON.stringify([candidate.repository, chosen?.tag, digest, problem, missing])}`);
  return hash.digest('hex');
}

function unnamedProblem(repository: string): ListingProblem {
  return {
    subject: repository,
    message: 'its last part is not a name that a template can have (lower-case letters, digits and dashes)',
  };
}

function groupByName(seen: readonly Seen[]): Seen[][] {
  const groups = new Map<string, Seen[]>();
  for (const item of seen) groups.set(item.candidate.name, [...(groups.get(item.candidate.name) ?? []), item]);
  return [...groups.values()];
}

interface Batches {
  shelf: Shelf;
  groups: Seen[][];
  summary: (artifact: Artifact) => TemplateSummary;
  report: (candidate: Candidate, message: string) => void;
  isConfigured: boolean;
  before: () => void;
  signal: AbortSignal | undefined;
}

async function* batches(listing: Batches): AsyncGenerator<TemplateSummary[], void, undefined> {
  listing.before();
  for (let from = 0; from < listing.groups.length; from += BATCH) {
    listing.signal?.throwIfAborted();
    const found = await inParallel(listing.groups.slice(from, from + BATCH), PARALLEL, (group) => firstOf(group, listing));
    yield found.filter((summary) => summary !== undefined);
  }
}

/** Of the repositories with one name the first that holds a template; the others are told, because nobody would find them. */
async function firstOf(
  group: readonly Seen[],
  { shelf, summary, report, isConfigured, signal }: Batches,
): Promise<TemplateSummary | undefined> {
  let first: Artifact | undefined;
  for (const { candidate, chosen, digest, problem } of group) {
    // In a registry's own list there are images of all kinds; nobody said that they were templates.
    const isMeant = isConfigured || candidate.isDeployer;
    if (!chosen || problem !== undefined) {
      if (isMeant) report(candidate, problem ?? 'it has no version');
      continue;
    }
    try {
      const artifact = await shelf.artifacts.read(candidate, chosen, digest, signal);
      if (!artifact && isMeant) report(candidate, `${chosen.tag} is neither a chart nor a template nor a deployer image`);
      if (artifact && first)
        report(
          candidate,
          `the name ${candidate.name} is taken by ${first.repository}; give this one a registry with a longer path`,
        );
      first ??= artifact;
    } catch (error) {
      if (!isEntryProblem(error)) throw error;
      report(candidate, error.message);
    }
  }
  return first && summary(first);
}
