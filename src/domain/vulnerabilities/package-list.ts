import { ADVISORY_LIMITS, type PackageRef } from './advisory.ts';
import type { Purl } from './purl.ts';

/** What readers of lists of packages (SBOMs, lock files) give. */

export interface PackageList {
  packages: PackageRef[];
  /** What of the list could not be looked up, in words, with how often. */
  notes: ReadonlyMap<string, number>;
  /** More packages than are looked up were named. */
  full: boolean;
}

/** Bounds of one list; the largest images have some ten thousand packages. */
export const PACKAGE_LIST_LIMITS = Object.freeze({
  packages: 50_000,
  /** components inside components */
  depth: 32,
  /** different notes */
  notes: 50,
});

/** The store takes no NUL, and no package has others of them. */
const CONTROLS = /\p{Cc}/gu;

function isNameOfPackage(text: string): boolean {
  return text.length <= ADVISORY_LIMITS.nameLength && text.search(CONTROLS) < 0;
}

/** Gathers a list. Each package and version is there once, at the place where it came first. */
export class PackageCollector {
  readonly #packages = new Map<string, PackageRef>();
  readonly #notes = new Map<string, number>();
  #full = false;

  constructor(private readonly file: string) {}

  /** False when the list is full: what comes after it is not looked at. */
  add(found: Omit<PackageRef, 'file'>): boolean {
    if (!isNameOfPackage(found.name) || !isNameOfPackage(found.version)) {
      this.note('a name or a version that no package has cannot be looked up');
      return true;
    }
    const key = `${found.ecosystem}\0${found.name}\0${found.version}`;
    if (this.#packages.has(key)) return true;
    if (this.#packages.size >= PACKAGE_LIST_LIMITS.packages) {
      this.#full = true;
      return false;
    }
    this.#packages.set(key, { ...found, file: this.file });
    return true;
  }

  note(text: string): void {
    const what = text.replace(CONTROLS, ' ');
    const count = this.#notes.get(what);
    if (count === undefined && this.#notes.size >= PACKAGE_LIST_LIMITS.notes) return;
    this.#notes.set(what, (count ?? 0) + 1);
  }

  list(): PackageList {
    return { packages: [...this.#packages.values()], notes: this.#notes, full: this.#full };
  }
}

/** Types of package URLs, and what OSV calls their ecosystem. */
const ECOSYSTEMS: Readonly<Record<string, string>> = {
  npm: 'npm',
  pypi: 'PyPI',
  golang: 'Go',
  maven: 'Maven',
  cargo: 'crates.io',
  gem: 'RubyGems',
  nuget: 'NuGet',
  composer: 'Packagist',
  hex: 'Hex',
  pub: 'Pub',
  githubactions: 'GitHub Actions',
};
const DISTRIBUTIONS: Readonly<Record<string, string>> = { debian: 'Debian', ubuntu: 'Ubuntu', alpine: 'Alpine' };

/** A package as OSV names it; a string: why it cannot be looked up. */
export function packageOf(purl: Purl, fallbackVersion?: string): Omit<PackageRef, 'file'> | string {
  const { type, namespace, name } = purl;
  const version = purl.version ?? fallbackVersion;
  if (version === undefined || version === '') return 'a package without a version cannot be looked up';
  if (type === 'deb' || type === 'apk') return distributionPackage(purl, version);
  const ecosystem = Object.hasOwn(ECOSYSTEMS, type) ? ECOSYSTEMS[type] : undefined;
  if (ecosystem === undefined) return `packages of type ${type} are not in the data`;
  const separator = type === 'maven' ? ':' : '/';
  return { ecosystem, name: namespace === undefined ? name : `${namespace}${separator}${name}`, version };
}

/** Advisories of distributions name source packages and, behind a colon, the release. */
function distributionPackage({ namespace = '', name, qualifiers }: Purl, version: string): Omit<PackageRef, 'file'> | string {
  const ecosystem = Object.hasOwn(DISTRIBUTIONS, namespace) ? DISTRIBUTIONS[namespace] : undefined;
  if (ecosystem === undefined) return `packages of the distribution ${namespace || 'without a name'} are not in the data`;
  const [source = name, sourceVersion = version] = (qualifiers.upstream ?? name).split('@');
  const release = /^(?:[a-z]+-)?v?(\d+(?:\.\d+)*)$/.exec(qualifiers.distro ?? '')?.[1];
  // Ubuntu's releases have more words in OSV than an SBOM has ("22.04:LTS"), so they are looked up in all of them.
  const suffix =
    release === undefined || ecosystem === 'Ubuntu'
      ? ''
      : `:${ecosystem === 'Alpine' ? `v${release.split('.').slice(0, 2).join('.')}` : release.split('.')[0]}`;
  return { ecosystem: `${ecosystem}${suffix}`, name: source, version: sourceVersion };
}
