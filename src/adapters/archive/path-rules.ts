/** Which paths an archive may hold. The same rules hold for reading and for packing, so that what we pack we also accept. */

import type { ArchiveLimits } from '../../domain/archive.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { looksLike } from './look-alike.ts';

// Control characters and the bidirectional overrides: they make a listing show another name than the one that is there.
const DECEPTIVE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const LONE_SURROGATE = /\p{Surrogate}/u;
const DRIVE = /^[A-Za-z]:/;
/** Longest part of a name that an error quotes. */
const SHOWN_CHARACTERS = 120;

/** The entry's name for an error message: quoted, escaped, shortened. */
export function shown(path: string): string {
  return JSON.stringify(path.length > SHOWN_CHARACTERS ? `${path.slice(0, SHOWN_CHARACTERS)}...` : path);
}

export function invalid(path: string, rule: string): ChandleryError {
  return new ChandleryError('archive_invalid', `entry ${shown(path)}: ${rule}`);
}

function brokenRule(path: string): string | undefined {
  if (path === '') return 'has an empty name';
  if (DECEPTIVE.test(path)) return 'the name holds a control character';
  if (LONE_SURROGATE.test(path)) return 'the name is not valid Unicode';
  if (path.includes('\\')) return 'the name holds a backslash; use forward slashes';
  if (path.startsWith('/') || DRIVE.test(path)) return 'is an absolute path; paths must be relative to the package';
  const segments = path.split('/');
  if (segments.includes('..')) return 'climbs out of the package with `..`';
  if (segments.includes('.')) return 'has a `.` segment; pack the files by name, without a leading `./`';
  if (segments.includes('')) return 'has an empty path segment (`//` or a trailing slash)';
  return undefined;
}

/** Fails with archive_invalid (unsafe) or too_large (too long or too deep). The path has no trailing slash. */
export function checkPath(path: string, limits: Pick<ArchiveLimits, 'maxPathLength' | 'maxDepth'>): void {
  const rule = brokenRule(path);
  if (rule !== undefined) throw invalid(path, rule);
  if (Buffer.byteLength(path) > limits.maxPathLength) {
    throw new ChandleryError('too_large', `entry ${shown(path)}: the path is longer than ${limits.maxPathLength} bytes`);
  }
  if (path.split('/').length > limits.maxDepth) {
    throw new ChandleryError('too_large', `entry ${shown(path)}: is more than ${limits.maxDepth} levels deep`);
  }
}

type Kind = 'file' | 'directory';

interface Known {
  path: string;
  kind: Kind;
  /** False while it is only the parent of something seen. */
  explicit: boolean;
}

// Upper then lower case is the nearest to Unicode case folding the language has: it joins ß with SS and the three sigmas.
function fold(path: string): string {
  return path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

function differsIn(path: string, other: string): string {
  return fold(path) === fold(other) ? 'they differ only in case or Unicode form' : 'they look alike, and are two names';
}

/** Remembers every path of one archive and refuses those that could not stand side by side on some file system, or that nobody could tell apart. */
export class PathLedger {
  readonly #known = new Map<string, Known>();
  readonly #maxEntries: number;
  #entries = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** Fails with archive_invalid (duplicate, clash, file used as directory) or too_large (too many entries). */
  add(path: string, kind: Kind): void {
    this.#entries += 1;
    // Parents that no entry names cost memory too; a package has far fewer directories than files.
    if (this.#entries > this.#maxEntries || this.#known.size > 2 * this.#maxEntries) {
      throw new ChandleryError('too_large', `the archive has more than ${this.#maxEntries} entries (at ${shown(path)})`);
    }
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      this.#place(path, { path: path.slice(0, slash), kind: 'directory', explicit: false });
    }
    this.#place(path, { path, kind, explicit: true });
  }

  #place(entry: string, item: Known): void {
    const key = looksLike(fold(item.path));
    const other = this.#known.get(key);
    if (other === undefined) {
      this.#known.set(key, item);
      return;
    }
    if (other.path !== item.path) throw invalid(entry, `clashes with ${shown(other.path)}: ${differsIn(item.path, other.path)}`);
    if (other.kind !== item.kind) throw invalid(entry, `${shown(item.path)} is both a file and a directory`);
    if (other.explicit && item.explicit) throw invalid(entry, 'is there twice');
    other.explicit ||= item.explicit;
  }
}
