import { ChandleryError } from '../errors.ts';
import { MANIFEST_FILE, type TemplateManifest } from '../template.ts';
import type { Finding, ValidationSubject } from '../validation.ts';
import type { PackageRef } from './advisory.ts';
import type { ImageAttestations } from './attestation.ts';
import { readSbomAttestation } from './attestation.ts';
import { PACKAGE_LIST_LIMITS, type PackageList } from './package-list.ts';
import { isPackageList, readerOf } from './readers.ts';

/** All packages that an archive and the images it names are made of, and a finding for everything that could not be read. */

export interface Lists {
  packages: PackageRef[];
  findings: Finding[];
  /** lists that were read */
  lists: number;
}

/** Images of one template that are asked for; the largest stacks name a dozen. */
const MAX_IMAGES = 50;

export function listsOfArchive({ files }: Pick<ValidationSubject, 'files'>): Lists {
  const found: Lists = { packages: [], findings: [], lists: 0 };
  for (const { path, size, text } of files) {
    if (text === undefined) {
      if (isPackageList(path)) found.findings.push(notRead(path, size));
      continue;
    }
    const read = readerOf(path, text);
    if (read) take(found, path, () => read(path, text));
  }
  return found;
}

/** What is attested of the images that the manifest names. An image without an attestation is told of, one without a digest is asked for by its tag. */
export async function listsOfImages(
  { manifest, manifestText }: Pick<ValidationSubject, 'manifest' | 'manifestText'>,
  images: ImageAttestations,
  signal?: AbortSignal,
): Promise<Lists> {
  const found: Lists = { packages: [], findings: [], lists: 0 };
  const named = imagesOf(manifest);
  if (named.length > MAX_IMAGES) found.findings.push(tooManyImages(named.length));
  for (const image of named.slice(0, MAX_IMAGES)) {
    signal?.throwIfAborted();
    const line = lineOf(manifestText, image.split('@', 1)[0] ?? image);
    const place = { file: MANIFEST_FILE, ...(line !== undefined && { line }) };
    const before = found.lists;
    const attestations = await images.read(image, signal).catch((error: unknown) => {
      // Later it may be there; what will never be is told.
      if (!(error instanceof ChandleryError) || error.retryable) throw error;
      return error;
    });
    if (attestations instanceof ChandleryError) {
      found.findings.push({ ...imageNotRead(image, attestations), ...place });
      continue;
    }
    // Of a registry that nobody configured here: no template makes the server call out.
    if (attestations === undefined) continue;
    for (const { text, digest } of attestations) {
      take(found, MANIFEST_FILE, () => {
        const list = readSbomAttestation(`SBOM of ${image}`, text, digest);
        return list && { ...list, packages: list.packages.map((one) => ({ ...one, ...place, image })) };
      });
    }
    if (found.lists === before) found.findings.push({ ...withoutSbom(image), ...place });
  }
  return found;
}

/** Images with a fixed reference: those of `spec.images`, and those written where they are used. */
function imagesOf({ spec }: TemplateManifest): string[] {
  const images = spec.images ?? {};
  const named = Object.values(images).map(({ ref, digest }) =>
    digest === undefined ? ref : `${ref.split('@', 1)[0]}@${digest}`,
  );
  const written = [...textsOf(spec.workload)].filter((text) => !Object.hasOwn(images, text));
  // What a parameter decides is known at the time of the deploy.
  return [...new Set([...named, ...written])].filter((image) => !image.includes('${'));
}

function* textsOf(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (key === 'image' && typeof child === 'string') yield child;
    else yield* textsOf(child);
  }
}

function take(found: Lists, path: string, read: () => PackageList | undefined): void {
  try {
    const list = read();
    if (!list) return;
    found.lists += 1;
    // Not push(...list): a list may have more members than a call takes arguments.
    for (const one of list.packages) found.packages.push(one);
    if (list.notes.size > 0) found.findings.push(notLookedUp(path, list.notes));
    // What is hidden behind so many must not pass as clean.
    if (list.full) found.findings.push(tooMany(path, PACKAGE_LIST_LIMITS.packages));
  } catch (error) {
    if (!(error instanceof ChandleryError) || error.retryable) throw error;
    found.findings.push({
      id: 'vulnerabilities/unreadable',
      severity: 'high',
      file: path,
      explanation: error.message,
      recommendation: 'Write the list again with the tool that made it, or leave it out.',
    });
  }
}

function notRead(path: string, size: number): Finding {
  return {
    id: 'vulnerabilities/too-large',
    severity: 'high',
    file: path,
    explanation: `the list of packages has ${size} bytes, more than is read, so nothing in it was looked up`,
    recommendation: 'Split it, or leave out what is not packages (licence texts, files, relationships).',
  };
}

function notLookedUp(path: string, notes: ReadonlyMap<string, number>): Finding {
  const words = [...notes].map(([what, count]) => (count === 1 ? what : `${what} (${count} times)`));
  return {
    id: 'vulnerabilities/not-looked-up',
    severity: 'low',
    file: path,
    explanation: `not everything in it could be looked up: ${words.join('; ').slice(0, 1_000)}`,
    recommendation: 'Give every component a package URL and a version, and pin every requirement.',
  };
}

function withoutSbom(image: string): Omit<Finding, 'file'> {
  return {
    id: 'vulnerabilities/image-without-sbom',
    severity: 'info',
    explanation: `the image ${image} has no SBOM attestation, so what is in it was not looked up`,
    recommendation: 'Attach one to the image, for example with `cosign attest --type cyclonedx`.',
  };
}

function imageNotRead(image: string, { message }: ChandleryError): Omit<Finding, 'file'> {
  return {
    id: 'vulnerabilities/image-not-read',
    severity: 'medium',
    explanation: `what is attested of the image ${image} cannot be read: ${message}`,
    recommendation: 'Let the server read the image, or name one that it can read.',
  };
}

/** Of one list, or of all of them together: the first `most` packages were looked up. */
export function tooMany(file: string, most: number): Finding {
  return {
    id: 'vulnerabilities/too-many-packages',
    severity: 'high',
    file,
    explanation: `more packages are named than are looked up, which are the first ${most}`,
    recommendation: 'Leave out what is not part of the template, or split it.',
  };
}

function tooManyImages(count: number): Finding {
  return {
    id: 'vulnerabilities/too-many-images',
    severity: 'high',
    file: MANIFEST_FILE,
    explanation: `the template names ${count} images; the SBOMs of the first ${MAX_IMAGES} were looked at`,
    recommendation: 'Split the template.',
  };
}

function lineOf(text: string, what: string): number | undefined {
  const at = text.indexOf(what);
  return at < 0 ? undefined : text.slice(0, at).split('\n').length;
}
