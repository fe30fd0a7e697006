import { ChandleryError } from '../errors.ts';
import { jsonDigest } from '../json-digest.ts';
import type { Finding, Validator } from '../validation.ts';
import { type Advisory, type PackageRef, packageKey } from './advisory.ts';
import type { ImageAttestations } from './attestation.ts';
import type { VulnerabilitySource, VulnerabilityStore } from './database.ts';
import { ageOf, dataWords, OLD_DATA_MS, VERY_OLD_DATA_MS, VULNERABILITY_LIMITS } from './database.ts';
import { type Lists, listsOfArchive, listsOfImages, tooMany } from './lists.ts';
import type { Vulnerability } from './match.ts';
import { vulnerabilitiesOf } from './match.ts';
import { baseOf } from './versions/index.ts';

export interface VulnerabilityValidatorOptions {
  data: Pick<VulnerabilityStore, 'sources' | 'find'>;
  /** Reads SBOM attestations of images; images are not looked at when left out. */
  images?: ImageAttestations;
  /** milliseconds since 1970 */
  now?: () => number;
}

/** Packages of one archive and its images together. */
const MAX_PACKAGES = 100_000;
/** Comparisons of a version with an advisory, for one archive: about a second. A list of a thousand versions of a kernel would take hours. */
const MAX_COMPARISONS = 1_000_000;
/** Names of one vulnerability, and versions with a fix, that are told. */
const TOLD = 5;

/**
 * Looks up the packages of an archive's lock files and SBOMs, and of its images' SBOM attestations, in the imported data. What cannot be
 * looked up is a finding, never silence. Fails with store and registry errors.
 */
export function createVulnerabilityValidator({ data, images, now = Date.now }: VulnerabilityValidatorOptions): Validator {
  return {
    id: 'vulnerabilities',
    stage: 'security',
    version: '1',
    covers: images ? 'vulnerabilities in lock files, SBOMs and images' : 'vulnerabilities in lock files and SBOMs',
    async data() {
      const sources = await data.sources();
      const version = jsonDigest(sources.map(({ name, digest }) => ({ name, digest })));
      return { version, words: dataWords(sources, now()) };
    },
    async validate(subject, signal) {
      const lists = listsOfArchive(subject);
      const found = images ? join(lists, await listsOfImages(subject, images, signal)) : lists;
      if (found.packages.length === 0) return found.findings;
      const packages = found.packages.slice(0, MAX_PACKAGES);
      const sources = await data.sources();
      const vulnerabilities = sources.length === 0 ? [] : await lookUp(data, packages, signal);
      return [
        ...found.findings,
        ...found.packages.slice(MAX_PACKAGES, MAX_PACKAGES + 1).map(({ file }) => tooMany(file, MAX_PACKAGES)),
        ...dataFindings(sources, packages, now()),
        ...vulnerabilities.map(findingOf),
      ];
    },
  };
}

function join(a: Lists, b: Lists): Lists {
  return { packages: [...a.packages, ...b.packages], findings: [...a.findings, ...b.findings], lists: a.lists + b.lists };
}

/** Some packages at a time, so that the advisories of all of them are never in memory together. */
async function lookUp(
  data: Pick<VulnerabilityStore, 'find'>,
  packages: readonly PackageRef[],
  signal?: AbortSignal,
): Promise<Vulnerability[]> {
  const byKey = new Map<string, PackageRef[]>();
  for (const ref of packages) {
    const { ecosystem, name } = packageKey(ref);
    const key = `${ecosystem}\0${name}`;
    const same = byKey.get(key);
    if (same) same.push(ref);
    else byKey.set(key, [ref]);
  }
  const keys = [...byKey];
  const found: Vulnerability[] = [];
  let comparisons = 0;
  for (let at = 0; at < keys.length; at += VULNERABILITY_LIMITS.keys) {
    signal?.throwIfAborted();
    const slice = keys.slice(at, at + VULNERABILITY_LIMITS.keys);
    const advisories = await data.find(slice.flatMap(([, [ref]]) => (ref ? [packageKey(ref)] : [])));
    const about = new Map<string, Advisory[]>();
    for (const advisory of advisories) {
      const { ecosystem, name } = packageKey(advisory);
      const key = `${ecosystem}\0${name}`;
      const same = about.get(key);
      if (same) same.push(advisory);
      else about.set(key, [advisory]);
    }
    for (const [key, refs] of slice) {
      const known = about.get(key) ?? [];
      comparisons += refs.length * known.length;
      if (comparisons > MAX_COMPARISONS)
        throw new ChandleryError(
          'too_large',
          `the packages are named in so many versions that more than ${MAX_COMPARISONS} comparisons would be needed`,
        );
      for (const ref of refs) for (const one of vulnerabilitiesOf(ref, known)) found.push(one);
    }
  }
  return found;
}

function findingOf({ package: ref, ids, severity, summary, rated, fixed, certain }: Vulnerability): Finding {
  const [id = '', ...others] = ids;
  const also = others.length > 0 ? ` (${others.slice(0, TOLD).join(', ')})` : '';
  const where = ref.image === undefined ? '' : ` in the image ${ref.image}`;
  const unsure = certain ? '' : `; the version ${ref.version} cannot be compared, so it counts as affected`;
  return {
    id: `vulnerabilities/${id}`,
    severity,
    file: ref.file,
    ...(ref.line !== undefined && { line: ref.line }),
    explanation: `${ref.name} ${ref.version} (${ref.ecosystem})${where} has ${id}${also}: ${summary} [${rated}]${unsure}`,
    recommendation:
      fixed.length > 0
        ? `Use a version of ${ref.name} with the fix: ${fixed.slice(0, TOLD).join(', ')}.`
        : `No version of ${ref.name} with a fix is named; replace it, or have the finding waived.`,
  };
}

/** What the data cannot tell: there are none, none of an ecosystem, or they are old. */
function dataFindings(sources: readonly VulnerabilitySource[], packages: readonly PackageRef[], now: number): Finding[] {
  const findings: Finding[] = [];
  const known = new Set(sources.flatMap(({ ecosystems }) => ecosystems));
  const missing = new Map<string, PackageRef>();
  for (const ref of packages) {
    const base = baseOf(ref.ecosystem);
    if (!known.has(base) && !missing.has(base)) missing.set(base, ref);
  }
  for (const [ecosystem, { file }] of missing) {
    findings.push({
      id: 'vulnerabilities/no-data',
      severity: 'high',
      file,
      explanation: `there are no vulnerability data about ${ecosystem} here, so its packages were not looked up`,
      recommendation: `An administrator imports them: chandlery vulnerabilities import FILE --name ${ecosystem.toLowerCase()}.`,
    });
  }
  const [first] = packages;
  const bases = new Set(packages.map(({ ecosystem }) => baseOf(ecosystem)));
  for (const source of sources) {
    const age = ageOf(source, now);
    if (age < OLD_DATA_MS || !source.ecosystems.some((ecosystem) => bases.has(ecosystem))) continue;
    findings.push({
      id: 'vulnerabilities/old-data',
      severity: age < VERY_OLD_DATA_MS ? 'low' : 'medium',
      file: first?.file ?? '',
      explanation: `the ${dataWords([source], now)}; what was found out since is not in them`,
      recommendation: 'An administrator imports newer ones: chandlery vulnerabilities import FILE.',
    });
  }
  return findings;
}
