import { z } from 'zod';
import type { Severity } from '../validation.ts';
import { baseOf } from './versions/index.ts';

/** What is kept of an advisory, for each package it speaks of: enough to match and to explain, none of its prose. */

/** Far more than any advisory of the public data bases has; bounds of what a wrong file can make of us. */
export const ADVISORY_LIMITS = Object.freeze({
  /** characters */
  idLength: 128,
  nameLength: 512,
  versionLength: 512,
  summaryLength: 300,
  aliases: 200,
  ranges: 2_000,
  eventsPerRange: 2_000,
  versions: 50_000,
});

/** A text column of the store takes no NUL, and no name has other control characters. */
const PRINTABLE = /^\P{Cc}+$/u;
const id = z.string().min(1).max(ADVISORY_LIMITS.idLength);
const version = z.string().max(ADVISORY_LIMITS.versionLength);
const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const satisfies readonly Severity[];

/** One turn in the life of a range; exactly one member. */
const eventSchema = z.union([
  z.strictObject({ introduced: version }),
  z.strictObject({ fixed: version }),
  z.strictObject({ last_affected: version }),
  z.strictObject({ limit: version }),
]);

export const advisorySchema = z.strictObject({
  id,
  /** RFC 3339 */
  modified: z.iso.datetime({ offset: true }),
  /** Other names of the same vulnerability. */
  aliases: z.array(id).max(ADVISORY_LIMITS.aliases),
  summary: z.string().max(ADVISORY_LIMITS.summaryLength),
  severity: z.enum(SEVERITIES),
  /** Where the severity comes from, for people. */
  rated: z.string().max(ADVISORY_LIMITS.summaryLength),
  /** As OSV names it, `Debian:12` with its release. */
  ecosystem: z.string().min(1).max(ADVISORY_LIMITS.idLength).regex(PRINTABLE),
  name: z.string().min(1).max(ADVISORY_LIMITS.nameLength).regex(PRINTABLE),
  ranges: z
    .array(
      z.strictObject({
        type: z.enum(['SEMVER', 'ECOSYSTEM', 'GIT']),
        events: z.array(eventSchema).max(ADVISORY_LIMITS.eventsPerRange),
      }),
    )
    .max(ADVISORY_LIMITS.ranges),
  versions: z.array(version).max(ADVISORY_LIMITS.versions),
});

/** An advisory about one package. */
export type Advisory = z.infer<typeof advisorySchema>;
export type AdvisoryRange = Advisory['ranges'][number];
export type AdvisoryEvent = z.infer<typeof eventSchema>;

/** A package and its version, as somebody's list has it. */
export interface PackageRef {
  /** As OSV names it; `Debian` without a release means any. */
  ecosystem: string;
  name: string;
  version: string;
  /** path in the archive: of the list, or of the manifest that names the image */
  file: string;
  /** the image it is in, where it is in one */
  image?: string;
  /** 1-based */
  line?: number;
}

/** What packages are looked up by. */
export interface PackageKey {
  /** without a release */
  ecosystem: string;
  name: string;
}

/** The key under which an advisory and a package meet: letter case, and for PyPI the kind of dash, tell no packages apart. */
export function packageKey({ ecosystem, name }: { ecosystem: string; name: string }): PackageKey {
  const base = baseOf(ecosystem);
  const lower = name.toLowerCase();
  return { ecosystem: base, name: base === 'PyPI' ? lower.replace(/[-_.]+/g, '-') : lower };
}
