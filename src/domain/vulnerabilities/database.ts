import type { Advisory, PackageKey } from './advisory.ts';

/** The port of the store to the advisories that administrators imported, and what is told of them. */

/** One imported file. All advisories of a source are replaced together. */
export interface VulnerabilitySource {
  /** what the administrator calls it, `npm` */
  name: string;
  /** name of the file it was imported from */
  file: string;
  /** `sha256:<hex>` of that file */
  digest: string;
  /** advisories, one for each package they speak of */
  entries: number;
  /** without releases, sorted */
  ecosystems: string[];
  /** RFC 3339; the newest change of any advisory in it, which is how old the data are */
  newest: string;
  /** RFC 3339 */
  importedAt: string;
  /** user */
  importedBy: string;
}

/** An import under way. One of the same file is taken up where it stopped. */
export interface VulnerabilityImport {
  id: string;
  /** number of the batch to be sent next, from 0 */
  next: number;
}

export interface VulnerabilityStore {
  /** What is in use, by name. */
  sources(): Promise<VulnerabilitySource[]>;
  /** Everything in use about these packages. Fails with too_large when that is more than MAX_FOUND. */
  find(keys: readonly PackageKey[]): Promise<Advisory[]>;
  /** The source itself when exactly this file is in use already. */
  begin(
    file: Pick<VulnerabilitySource, 'name' | 'file' | 'digest' | 'importedBy'>,
  ): Promise<VulnerabilityImport | VulnerabilitySource>;
  /** Stages one batch, once; one that is there already changes nothing. Fails with not_found or invalid_request (out of order). */
  append(id: string, batch: number, advisories: readonly Advisory[]): Promise<VulnerabilityImport>;
  /**
   * Puts what was staged in the place of what the source had, at once. Fails with vulnerability_data_invalid when it is not all there, or is
   * less than half of what is in use and that was not said to be meant; then the old data stay.
   */
  complete(
    id: string,
    expected: { batches: number; entries: number; allowSmaller: boolean },
    /** Called when nothing stands in the way any more; when it fails, nothing is changed. */
    allowed?: (source: VulnerabilitySource) => Promise<void>,
  ): Promise<VulnerabilitySource>;
}

export const VULNERABILITY_LIMITS = Object.freeze({
  /** advisories of one batch of an import */
  batch: 500,
  /** bytes of one batch as JSON; one advisory has at most a third of it */
  batchBytes: 4 * 1024 * 1024,
  /** packages that are looked up at once */
  keys: 100,
  /** advisories of one lookup: the kernel of a distribution has some ten thousand */
  found: 50_000,
  /** Less than this share of what is in use is taken for a file that was cut off at the end of a line. */
  smallestShare: 0.5,
});

const DAY_MS = 86_400_000;
/** Data bases change daily; data of this age are told of, milliseconds. */
export const OLD_DATA_MS = 7 * DAY_MS;
/** Data of this age miss what attackers use by now, milliseconds. */
export const VERY_OLD_DATA_MS = 30 * DAY_MS;

/** Milliseconds since the newest change in a source. */
export function ageOf({ newest }: Pick<VulnerabilitySource, 'newest'>, now: number): number {
  return Math.max(0, now - Date.parse(newest));
}

/** `OSV data: npm of 2026-11-20 (1 day old), ...`; the same words in the step's detail and in reports. */
export function dataWords(sources: readonly VulnerabilitySource[], now: number): string {
  if (sources.length === 0) return 'no vulnerability data were imported';
  const parts = sources.map((source) => {
    const days = Math.floor(ageOf(source, now) / DAY_MS);
    return `${source.name} of ${source.newest.slice(0, 10)} (${days} ${days === 1 ? 'day' : 'days'} old)`;
  });
  return `vulnerability data: ${parts.join(', ')}`;
}
