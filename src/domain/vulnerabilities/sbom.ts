import { z } from 'zod';
import { ChandleryError } from '../errors.ts';
import type { PackageList } from './package-list.ts';
import { PACKAGE_LIST_LIMITS, PackageCollector, packageOf } from './package-list.ts';
import { parsePurl } from './purl.ts';

/** Software bills of materials: CycloneDX 1.4 to 1.6 and SPDX 2.3, as JSON. */

const CYCLONEDX_VERSIONS = new Set(['1.4', '1.5', '1.6']);
const SPDX_VERSION = 'SPDX-2.3';

interface Component {
  name?: string | undefined;
  version?: string | undefined;
  purl?: string | undefined;
  components?: unknown[] | undefined;
}

const componentSchema = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  purl: z.string().optional(),
  components: z.array(z.unknown()).optional(),
});
const cycloneSchema = z.object({ specVersion: z.string(), components: z.array(z.unknown()).optional() });
const spdxSchema = z.object({ spdxVersion: z.string(), packages: z.array(z.unknown()).optional() });
const spdxPackageSchema = z.object({
  name: z.string().optional(),
  versionInfo: z.string().optional(),
  externalRefs: z.array(z.object({ referenceType: z.string(), referenceLocator: z.string() }).partial()).optional(),
});

/** Whether a JSON text says that it is one; a cheap look before it is parsed. */
export function looksLikeSbom(text: string): boolean {
  return /"(bomFormat|spdxVersion)"\s*:\s*"(CycloneDX|SPDX-)/.test(text);
}

/** Reads one. Fails with template_invalid, naming the file, for a text or a version that it cannot read. */
export function readSbom(file: string, text: string): PackageList {
  return readSbomDocument(file, parseJson(file, text));
}

/** The same of a document that is parsed already, as an attestation carries it. */
export function readSbomDocument(file: string, document: unknown): PackageList {
  const { bomFormat, spdxVersion } = (document ?? {}) as { bomFormat?: unknown; spdxVersion?: unknown };
  if (bomFormat === 'CycloneDX') return readCycloneDx(file, document);
  if (typeof spdxVersion === 'string') return readSpdx(file, document);
  throw unreadable(file, 'it is neither CycloneDX nor SPDX');
}

function readCycloneDx(file: string, document: unknown): PackageList {
  const parsed = cycloneSchema.safeParse(document);
  if (!parsed.success) throw unreadable(file, 'its specVersion or components are not what CycloneDX says');
  const { specVersion, components = [] } = parsed.data;
  if (!CYCLONEDX_VERSIONS.has(specVersion))
    throw unreadable(file, `CycloneDX ${specVersion.slice(0, 20)} is not read, 1.4 to 1.6 are`);
  const collector = new PackageCollector(file);
  addComponents(file, collector, components, 0);
  return collector.list();
}

function addComponents(file: string, collector: PackageCollector, components: readonly unknown[], depth: number): void {
  if (depth > PACKAGE_LIST_LIMITS.depth)
    throw unreadable(file, `components are more than ${PACKAGE_LIST_LIMITS.depth} deep in each other`);
  for (const one of components) {
    const parsed = componentSchema.safeParse(one);
    if (!parsed.success) throw unreadable(file, 'a component is not what CycloneDX says');
    const component: Component = parsed.data;
    // Also those of scope `excluded`: the author's word must not hide what a list names.
    if (component.purl === undefined) collector.note('a component without a package URL cannot be looked up');
    else if (!addPurl(collector, component.purl, component.version)) return;
    addComponents(file, collector, component.components ?? [], depth + 1);
  }
}

function readSpdx(file: string, document: unknown): PackageList {
  const parsed = spdxSchema.safeParse(document);
  if (!parsed.success) throw unreadable(file, 'its packages are not what SPDX says');
  const { spdxVersion, packages = [] } = parsed.data;
  if (spdxVersion !== SPDX_VERSION) throw unreadable(file, `${spdxVersion.slice(0, 20)} is not read, ${SPDX_VERSION} is`);
  const collector = new PackageCollector(file);
  for (const one of packages) {
    const checked = spdxPackageSchema.safeParse(one);
    if (!checked.success) throw unreadable(file, 'a package is not what SPDX says');
    const { versionInfo, externalRefs = [] } = checked.data;
    const purls = externalRefs.flatMap(({ referenceType, referenceLocator }) =>
      referenceType === 'purl' && referenceLocator !== undefined ? [referenceLocator] : [],
    );
    if (purls.length === 0) collector.note('a package without a package URL cannot be looked up');
    if (!purls.every((purl) => addPurl(collector, purl, versionInfo))) break;
  }
  return collector.list();
}

/** False when the list is full. */
function addPurl(collector: PackageCollector, text: string, version: string | undefined): boolean {
  try {
    const found = packageOf(parsePurl(text), version);
    if (typeof found === 'object') return collector.add(found);
    collector.note(found);
  } catch (error) {
    if (!(error instanceof ChandleryError)) throw error;
    collector.note(error.message);
  }
  return true;
}

function parseJson(file: string, text: string): unknown {
  try {
    // A byte order mark is no JSON, and common.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw unreadable(file, `it is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

/** A list of packages that cannot be read. */
export function unreadable(file: string, why: string): ChandleryError {
  return new ChandleryError('template_invalid', `${file} cannot be read: ${why}`, { issues: [{ path: file, message: why }] });
}
