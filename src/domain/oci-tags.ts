import semver from 'semver';
import { isVersion } from './versions.ts';

/** What the tags of a repository say: versions, and the tracks of deployer images. */

export interface VersionTag {
  version: string;
  tag: string;
}

export interface TagSet {
  /** Newest first. */
  versions: VersionTag[];
  /** Two-part tags such as `1.4`, as they stand. */
  tracks: string[];
}

const TRACK = /^(0|[1-9]\d*)\.(0|[1-9]\d*)$/;

interface Parsed extends VersionTag {
  major: number;
  minor: number;
  patch: number;
  /** 0 for a pre-release, which comes before its release, else 1 */
  final: number;
  /** Nothing but three numbers, which are compared without reading them again. */
  isPlain: boolean;
}

/** Three numbers that no rounding touches, without leading zeros, and whatever follows. */
const VERSION = /^(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})([-+].*)?$/;

/**
 * Sorts tags out. A leading `v` is not part of a version, and `_` stands for `+`, which no tag can hold (Helm writes it so); where two
 * tags mean one version, the plainer one counts. Everything else (`latest`, signatures) is left out. Twenty thousand tags take some 50 ms.
 */
export function readTagSet(tags: readonly string[]): TagSet {
  const found = new Map<string, Parsed>();
  for (const tag of tags) {
    const parsed = parse(tag);
    if (parsed && (!found.has(parsed.version) || !tag.startsWith('v'))) found.set(parsed.version, parsed);
  }
  const sorted = [...found.values()].sort((a, b) => -compare(a, b));
  return { versions: sorted.map(({ version, tag }) => ({ version, tag })), tracks: tags.filter((tag) => TRACK.test(tag)).sort() };
}

function parse(tag: string): Parsed | undefined {
  const version = (tag.startsWith('v') ? tag.slice(1) : tag).replaceAll('_', '+');
  const [, major, minor, patch, rest] = VERSION.exec(version) ?? [];
  if (major === undefined || (rest !== undefined && !isVersion(version))) return undefined;
  const numbers = { major: Number(major), minor: Number(minor), patch: Number(patch), final: Number(!rest?.startsWith('-')) };
  return { version, tag, ...numbers, isPlain: rest === undefined };
}

/** By numbers as far as they differ: reading both texts of every pair again would take a second for ten thousand tags. */
function compare(a: Parsed, b: Parsed): number {
  const difference = a.major - b.major || a.minor - b.minor || a.patch - b.patch || a.final - b.final;
  if (difference !== 0) return difference;
  if (a.isPlain && b.isPlain) return 0;
  return semver.compareBuild(a.version, b.version) || (a.version < b.version ? -1 : 1);
}

/** The version a bare name means: the newest release, else the newest pre-release. */
export function defaultTag({ versions }: TagSet): VersionTag | undefined {
  return versions.find(({ version }) => !/^[\d.]+-/.test(version)) ?? versions[0];
}

/** `1.4` of 1.4.33. */
export function trackOf(version: string): string {
  return version.split('.', 2).join('.');
}

/** Tracks that have versions and no tag of their own, newest first: who follows them would wait for ever. */
export function missingTracks({ versions, tracks }: TagSet): string[] {
  const wanted = new Set(versions.map(({ version }) => trackOf(version)));
  return [...wanted].filter((track) => !tracks.includes(track));
}
