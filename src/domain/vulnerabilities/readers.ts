import { readCargoLock, readGoSum, readNpmLock, readRequirements } from './lock-files.ts';
import type { PackageList } from './package-list.ts';
import { readPom } from './pom.ts';
import { looksLikeSbom, readSbom } from './sbom.ts';

/** Which files of an archive list packages, and who reads them. */

type Reader = (file: string, text: string) => PackageList;

const BY_NAME: ReadonlyArray<[RegExp, Reader]> = [
  [/^(package-lock|npm-shrinkwrap)\.json$/, readNpmLock],
  [/^go\.sum$/, readGoSum],
  [/^requirements([-_.][\w.-]+)?\.txt$/, readRequirements],
  [/^Cargo\.lock$/, readCargoLock],
  [/^pom\.xml$/, readPom],
  [/\.(cdx|spdx|sbom|bom)\.json$|^(s?bom)\.json$/i, readSbom],
];

const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** Whether the name alone says that the file lists packages. */
export function isPackageList(path: string): boolean {
  return BY_NAME.some(([pattern]) => pattern.test(baseName(path)));
}

/** Who reads the file; undefined when it lists no packages. A JSON file of any name may be an SBOM. */
export function readerOf(path: string, text: string): Reader | undefined {
  const byName = BY_NAME.find(([pattern]) => pattern.test(baseName(path)));
  if (byName) return byName[1];
  return /\.json$/i.test(path) && looksLikeSbom(text) ? readSbom : undefined;
}
