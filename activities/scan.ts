import { contentHash } from '../src/domain/content-hash.ts';
import type { ErrorCode } from '../src/domain/errors.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { archiveFiles, foreignKeep, manifestOfArchive, withIdentity } from '../src/domain/foreign/index.ts';
import type { LockedTemplate } from '../src/domain/lock.ts';
import type { DependencySpec } from '../src/domain/registry.ts';
import type { ScanVerdict } from '../src/domain/store.ts';
import type { TemplateManifest } from '../src/domain/template.ts';
import { judgeHash } from '../src/domain/trust.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

/** Raised with every change of what the scan looks at: verdicts of an older ruleset are not used. */
export const SCAN_RULESET = 'structure+hash/2';

/** The content hash of charts is nowhere sealed; their digest is the registry's word. */
const CHART = 'Helm chart';
const CHART_TRUST = { verified: false, mismatch: false, note: 'a Helm chart has no trust block — chart is unsigned' } as const;

/** Notes about the translation of one archive that an operation tells as warnings. */
const MAX_NOTES = 5;

interface Input {
  templates: LockedTemplate[];
  acceptUnsigned: boolean;
}

/** Looks into the template and every locked dependency: archive guard, structure, sealed hash. Verdicts are kept by digest. */
export function createScan(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ templates }: Input, run) {
      const verdicts = await Promise.all(
        templates.map(async (template) => ({ template, verdict: await verdictOf(deps, template, run) })),
      );
      const value = verdicts.map(({ template, verdict }) => ({
        name: template.name,
        contentHash: verdict.contentHash,
        ...verdict.trust,
        ...(verdict.foreign?.notes.length && { notes: verdict.foreign.notes.slice(0, MAX_NOTES) }),
      }));
      return { verdicts: value };
    },
    describe({ verdicts }) {
      const warnings = verdicts.flatMap(({ name, notes = [] }) => notes.map((note) => `${name}: ${note}`));
      const detail = `${verdicts.length} scanned, ${verdicts.filter((entry) => entry.verified).length} with a verified hash`;
      return { detail, ...(warnings.length > 0 && { warnings }) };
    },
    async ensure(_value, { templates }) {
      const found = await Promise.all(templates.map((template) => deps.store.scans.find(template.digest, SCAN_RULESET)));
      return found.every((verdict) => verdict !== undefined);
    },
  });
}

async function verdictOf(deps: ActivityDeps, template: LockedTemplate, run: StepRun): Promise<ScanVerdict> {
  const known = await deps.store.scans.find(template.digest, SCAN_RULESET);
  if (known) return sameTemplate(known, template);
  const { archive, meaning } = await readArchive(deps, template, run);
  const { manifest, manifestFile, foreign } = meaning;
  const computed = contentHash(archive.files, foreign?.ownIdentity === false ? '' : manifestFile);
  const trust = foreign?.format === CHART ? CHART_TRUST : judgeHash(manifest.trust, computed);
  if (trust.mismatch) throw refused('untrusted', template, trust.note);
  const verdict: ScanVerdict = {
    contentHash: computed,
    manifest,
    trust: { verified: trust.verified, note: trust.note },
    files: archive.files.length,
    unpackedBytes: archive.unpackedBytes,
    ...(foreign && { foreign: { format: foreign.format, ownIdentity: foreign.ownIdentity, notes: foreign.notes } }),
  };
  sameTemplate(verdict, template);
  await deps.store.scans.save(template.digest, SCAN_RULESET, verdict);
  return verdict;
}

async function readArchive(deps: ActivityDeps, template: LockedTemplate, run: StepRun) {
  try {
    const archive = await deps.archive.inspect(deps.store.blobs.read(template.digest), {
      keep: foreignKeep(),
      signal: run.signal,
    });
    const files = archiveFiles(
      archive.files.map(({ path }) => path),
      archive.bodies,
    );
    return { archive, meaning: manifestOfArchive(files, `${template.name}@${template.version}`) };
  } catch (error) {
    // Of several archives, people must learn which one it was.
    if (error instanceof ChandleryError && !error.retryable) throw refused(error.code, template, error.message, error);
    throw error;
  }
}

/**
 * What the registry's index said must be what the archive says: name, version, and the dependencies the lock was made from. A chart has
 * another's word for all three: its source may list it under another name, and its own dependencies are packed in it.
 */
function sameTemplate(verdict: ScanVerdict, template: LockedTemplate): ScanVerdict {
  if (verdict.foreign?.ownIdentity === false) return verdict;
  const { metadata, spec } = verdict.manifest;
  if (metadata.name !== template.name || metadata.version !== template.version) {
    throw refused('untrusted', template, `calls itself ${metadata.name}@${metadata.version}`);
  }
  const declared = new Set((spec.dependencies ?? []).map((dependency) => dependency.name));
  const unknown = template.dependencies.filter((name) => !declared.has(name));
  const missing = (spec.dependencies ?? []).filter(
    (dependency) => !dependency.optional && !template.dependencies.includes(dependency.name),
  );
  if (unknown.length + missing.length > 0)
    throw refused('untrusted', template, 'declares other dependencies than the registry listed');
  return verdict;
}

/** The manifest of a verdict as the template of this lock: a foreign one gets name, version and dependencies by which it was chosen. */
export function manifestUnder(
  verdict: ScanVerdict,
  chosen: { name: string; version: string; registry: string },
  templates: readonly LockedTemplate[] = [],
): TemplateManifest {
  if (verdict.foreign?.ownIdentity !== false) return verdict.manifest;
  const { name, version, registry } = chosen;
  const dependencies = templates.flatMap((other): DependencySpec[] => {
    const range = other.requiredBy.find((by) => by.name === name)?.range;
    if (range === undefined) return [];
    return [{ name: other.name, version: range, ...(other.registry !== registry && { registry: other.registry }) }];
  });
  return withIdentity(verdict.manifest, { name, version, dependencies });
}

function refused(code: ErrorCode, template: LockedTemplate, why: string, cause?: ChandleryError): ChandleryError {
  const name = `${template.name}@${template.version}`;
  return new ChandleryError(
    code,
    `the archive of ${name} from ${template.registry} ${cause ? `is refused: ${why}` : why}`,
    { ...cause?.details, registry: template.registry, template: name },
    { cause },
  );
}
