import { type TagSet, trackOf } from '../../domain/oci-tags.ts';
import type { TemplateManifest } from '../../domain/template.ts';
import { compareVersions } from '../../domain/versions.ts';
import { inParallel } from './in-parallel.ts';
import type { Candidate } from './oci-repositories.ts';
import { PARALLEL, type Shelf } from './oci-shelf.ts';

/** Tracks shown, the newest; each costs a request, and one for each of its versions until the one it names is found. */
const MAX_TRACKS = 20;
/** Versions of a track that are compared with its tag. It moves with each release, so it is nearly always the newest. */
const MAX_COMPARED = 5;

interface Track {
  name: string;
  digest: string;
  /** The version the tag stands for; absent when it is none of the newest. */
  version?: string;
}

/** The manifest of a deployer with the channels its repository has now, for showing; nothing of it is in the archive. */
export async function readTracks(
  shelf: Shelf,
  candidate: Candidate,
  tags: TagSet,
  manifest: TemplateManifest,
  signal?: AbortSignal,
): Promise<TemplateManifest> {
  const newest = [...tags.tracks].sort((a, b) => compareVersions(`${b}.0`, `${a}.0`)).slice(0, MAX_TRACKS);
  const read = await inParallel(newest, PARALLEL, (track) => readTrack(shelf, candidate, tags, track, signal));
  const channels = read.filter((track) => track !== undefined);
  return channels.length === 0 ? manifest : { ...manifest, marketplace: { ...manifest.marketplace, channels } };
}

async function readTrack(
  { client }: Shelf,
  { repository }: Candidate,
  { versions }: TagSet,
  track: string,
  signal: AbortSignal | undefined,
): Promise<Track | undefined> {
  const digest = await client.resolve(repository, track, signal);
  if (digest === undefined) return undefined;
  for (const { version, tag } of versions.filter((each) => trackOf(each.version) === track).slice(0, MAX_COMPARED))
    if ((await client.resolve(repository, tag, signal)) === digest) return { name: track, digest, version };
  return { name: track, digest };
}
