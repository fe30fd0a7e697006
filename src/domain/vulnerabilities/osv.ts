import { z } from 'zod';
import type { Severity } from '../validation.ts';
import { ADVISORY_LIMITS, type Advisory, type AdvisoryEvent, advisorySchema } from './advisory.ts';
import { severityOfVector } from './cvss.ts';

/** Reads records of the OSV schema (https://ossf.github.io/osv-schema/), 1.x. */

const severitySchema = z.array(z.object({ type: z.string(), score: z.string() })).nullish();
const wordsSchema = z.object({ severity: z.unknown(), urgency: z.unknown() }).partial().nullish();

const affectedSchema = z.object({
  package: z.object({ ecosystem: z.string(), name: z.string() }).nullish(),
  severity: severitySchema,
  ranges: z.array(z.object({ type: z.string(), events: z.array(z.record(z.string(), z.unknown())) })).nullish(),
  versions: z.array(z.string()).nullish(),
  ecosystem_specific: wordsSchema.catch(undefined),
  database_specific: wordsSchema.catch(undefined),
});

const recordSchema = z.object({
  id: z.string().min(1).max(ADVISORY_LIMITS.idLength),
  modified: z.iso.datetime({ offset: true }),
  withdrawn: z.string().nullish(),
  aliases: z.array(z.string()).nullish(),
  summary: z.string().nullish(),
  details: z.string().nullish(),
  severity: severitySchema,
  affected: z.array(affectedSchema).nullish(),
  database_specific: wordsSchema.catch(undefined),
});

type OsvRecord = z.infer<typeof recordSchema>;
type OsvAffected = z.infer<typeof affectedSchema>;

const WORDS: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  high: 'high',
  moderate: 'medium',
  medium: 'medium',
  low: 'low',
  unimportant: 'info',
  negligible: 'info',
};
const RANGE_TYPES = ['SEMVER', 'ECOSYSTEM', 'GIT'] as const;
const EVENTS = ['introduced', 'fixed', 'last_affected', 'limit'] as const;
const RANK: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

export interface OsvReading {
  id: string;
  /** None for one that was withdrawn, or speaks of no package (only of commits). */
  advisories: Advisory[];
}

/** What one record says, a piece for each package. A string: why it is no record of OSV. */
export function readOsv(record: unknown): OsvReading | string {
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) return problemOf(parsed.error);
  const { id, withdrawn, affected } = parsed.data;
  if (withdrawn) return { id, advisories: [] };
  const advisories: Advisory[] = [];
  for (const part of affected ?? []) {
    const advisory = advisoryOf(parsed.data, part);
    if (advisory === undefined) continue;
    const checked = advisorySchema.safeParse(advisory);
    if (!checked.success) return problemOf(checked.error);
    advisories.push(checked.data);
  }
  return { id, advisories };
}

function advisoryOf(record: OsvRecord, affected: OsvAffected): Advisory | undefined {
  if (!affected.package) return undefined;
  const { severity, rated } = rate(record, affected);
  return {
    id: record.id,
    modified: record.modified,
    aliases: [...new Set(record.aliases ?? [])],
    summary: summaryOf(record),
    severity,
    rated,
    ecosystem: affected.package.ecosystem,
    name: affected.package.name,
    ranges: (affected.ranges ?? []).flatMap(({ type, events }) => {
      const known = RANGE_TYPES.find((candidate) => candidate === type);
      return known === undefined ? [] : [{ type: known, events: events.flatMap(eventsOf) }];
    }),
    versions: [...new Set(affected.versions ?? [])],
  };
}

/** Old records have several members in one event. */
function eventsOf(event: Record<string, unknown>): AdvisoryEvent[] {
  return EVENTS.flatMap((name): AdvisoryEvent[] => {
    const value = event[name];
    return typeof value === 'string' ? [{ [name]: value } as AdvisoryEvent] : [];
  });
}

function summaryOf({ summary, details, id }: OsvRecord): string {
  const text = (summary || details || id).replace(/\s+/g, ' ').trim();
  return text.length <= ADVISORY_LIMITS.summaryLength ? text : `${text.slice(0, ADVISORY_LIMITS.summaryLength - 1)}…`;
}

/** The worst of what is said; of a package itself before what is said of all. Unrated counts as medium: unknown is not harmless. */
function rate(record: OsvRecord, affected: OsvAffected): { severity: Severity; rated: string } {
  // Packages made to do harm are listed under these names, without a score.
  if (record.id.startsWith('MAL-')) return { severity: 'critical', rated: 'a malicious package' };
  const scores = affected.severity?.length ? affected.severity : (record.severity ?? []);
  const rated = scores.flatMap(({ score }) => {
    const severity = severityOfVector(score) ?? WORDS[score.toLowerCase()];
    return severity ? [{ severity, rated: score.slice(0, ADVISORY_LIMITS.summaryLength) }] : [];
  });
  // The word of a data base's own reviewers stands before the estimate of a 4.0 vector.
  const exact = rated.filter(({ rated: score }) => !score.startsWith('CVSS:4.'));
  const said = [affected.database_specific, affected.ecosystem_specific, record.database_specific].flatMap((words) =>
    [words?.severity, words?.urgency].flatMap((word) => wordOf(word)),
  );
  const all = exact.length > 0 ? exact : said.length > 0 ? said.slice(0, 1) : rated;
  const [worst] = all.toSorted((a, b) => RANK.indexOf(a.severity) - RANK.indexOf(b.severity));
  return worst ?? { severity: 'medium', rated: 'not rated, counted as medium' };
}

function wordOf(word: unknown): Array<{ severity: Severity; rated: string }> {
  const severity = typeof word === 'string' ? WORDS[word.toLowerCase()] : undefined;
  return severity ? [{ severity, rated: `called ${String(word).toLowerCase()} by its data base` }] : [];
}

function problemOf({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.') || 'the record'}: ${issue?.message ?? 'not valid'}`;
}
