import { z } from 'zod';
import { ChandleryError } from '../errors.ts';
import type { Finding, Severity } from '../validation.ts';

/** What the command-line scanners trivy and grype print with their JSON formats, as findings. */

export const SCANNER_FORMATS = ['trivy', 'grype'] as const;
export type ScannerFormat = (typeof SCANNER_FORMATS)[number];

const SEVERITIES: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  low: 'low',
  negligible: 'info',
};
/** Characters of a text of theirs. */
const MAX_TEXT = 300;

const trivySchema = z.object({
  Results: z
    .array(
      z.object({
        Target: z.string(),
        Vulnerabilities: z
          .array(
            z.object({
              VulnerabilityID: z.string(),
              PkgName: z.string(),
              InstalledVersion: z.string(),
              FixedVersion: z.string().optional(),
              Severity: z.string().optional(),
              Title: z.string().optional(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});

const grypeSchema = z.object({
  matches: z.array(
    z.object({
      vulnerability: z.object({
        id: z.string(),
        severity: z.string().optional(),
        description: z.string().optional(),
        fix: z.object({ versions: z.array(z.string()).nullish() }).nullish(),
      }),
      artifact: z.object({
        name: z.string(),
        version: z.string(),
        locations: z.array(z.object({ path: z.string() })).nullish(),
      }),
    }),
  ),
});

interface Hit {
  id: string;
  name: string;
  version: string;
  /** file as the scanner saw it */
  path: string;
  severity: string | undefined;
  title: string | undefined;
  fixed: string | undefined;
}

/** Reads a report. `placeOf` tells which file of the archive a path of the scanner's is. Fails with scan_blocked for anything else. */
export function readScannerReport(format: ScannerFormat, text: string, placeOf: (path: string) => string): Finding[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new ChandleryError('scan_blocked', `${format} printed something that is not JSON`, {}, { cause: error });
  }
  return (format === 'trivy' ? trivyHits(document) : grypeHits(document)).map((hit) => findingOf(format, hit, placeOf));
}

function trivyHits(document: unknown): Hit[] {
  const parsed = trivySchema.safeParse(document);
  if (!parsed.success) throw unlike('trivy');
  return (parsed.data.Results ?? []).flatMap(({ Target, Vulnerabilities }) =>
    (Vulnerabilities ?? []).map((found) => ({
      ...{ id: found.VulnerabilityID, name: found.PkgName, version: found.InstalledVersion, path: Target },
      ...{ severity: found.Severity, title: found.Title, fixed: found.FixedVersion },
    })),
  );
}

function grypeHits(document: unknown): Hit[] {
  const parsed = grypeSchema.safeParse(document);
  if (!parsed.success) throw unlike('grype');
  return parsed.data.matches.map(({ vulnerability, artifact }) => ({
    ...{ id: vulnerability.id, name: artifact.name, version: artifact.version, path: artifact.locations?.[0]?.path ?? '' },
    ...{ severity: vulnerability.severity, title: vulnerability.description, fixed: vulnerability.fix?.versions?.join(', ') },
  }));
}

function findingOf(format: ScannerFormat, hit: Hit, placeOf: (path: string) => string): Finding {
  const { id, name, version, path, severity, title, fixed } = hit;
  // Not every word of theirs is one of ours; unknown is not harmless.
  const ours = SEVERITIES[severity?.toLowerCase() ?? ''] ?? 'medium';
  return {
    id: `vulnerabilities-${format}/${id.slice(0, MAX_TEXT)}`,
    severity: ours,
    file: placeOf(path),
    explanation: `${name} ${version} has ${id}${title ? `: ${title.replace(/\s+/g, ' ')}` : ''} (says ${format})`.slice(
      0,
      2 * MAX_TEXT,
    ),
    recommendation: fixed
      ? `Use a version of ${name} with the fix: ${fixed}.`.slice(0, MAX_TEXT)
      : `No version of ${name} with a fix is named; replace it, or have the finding waived.`,
  };
}

function unlike(format: ScannerFormat): ChandleryError {
  return new ChandleryError('scan_blocked', `what ${format} printed is not a report of ${format}; its options must ask for JSON`);
}
