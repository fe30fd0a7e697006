import { contentHash } from '../src/domain/content-hash.ts';
import type { ErrorCode } from '../src/domain/errors.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import type { LockedTemplate } from '../src/domain/lock.ts';
import type { ScanVerdict } from '../src/domain/store.ts';
import { MANIFEST_FILE } from '../src/domain/template.ts';
import { parseTemplate } from '../src/domain/template-parse.ts';
import { judgeHash } from '../src/domain/trust.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

/** Raised with every change of what the scan looks at: verdicts of an older ruleset are not used. */
export const SCAN_RULESET = 'structure+hash/1';

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
      }));
      return { verdicts: value };
    },
    describe: ({ verdicts }) => ({
      detail: `${verdicts.length} scanned, ${verdicts.filter((entry) => entry.verified).length} with a verified hash`,
    }),
    async ensure(_value, { templates }) {
      const found = await Promise.all(templates.map((template) => deps.store.scans.find(template.digest, SCAN_RULESET)));
      return found.every((verdict) => verdict !== undefined);
    },
  });
}

async function verdictOf(deps: ActivityDeps, template: LockedTemplate, run: StepRun): Promise<ScanVerdict> {
  const known = await deps.store.scans.find(template.digest, SCAN_RULESET);
  if (known) return sameTemplate(known, template);
  const { archive, manifest } = await readArchive(deps, template, run);
  const computed = contentHash(archive.files);
  const trust = judgeHash(manifest.trust, computed);
  if (trust.mismatch) throw refused('untrusted', template, trust.note);
  const verdict: ScanVerdict = {
    contentHash: computed,
    manifest,
    trust: { verified: trust.verified, note: trust.note },
    files: archive.files.length,
    unpackedBytes: archive.unpackedBytes,
  };
  sameTemplate(verdict, template);
  await deps.store.scans.save(template.digest, SCAN_RULESET, verdict);
  return verdict;
}

async function readArchive(deps: ActivityDeps, template: LockedTemplate, run: StepRun) {
  try {
    const archive = await deps.archive.inspect(deps.store.blobs.read(template.digest), {
      keep: (path) => path === MANIFEST_FILE,
      signal: run.signal,
    });
    const text = archive.bodies.get(MANIFEST_FILE);
    if (!text) throw new ChandleryError('template_invalid', `it holds no ${MANIFEST_FILE} at its root`);
    return { archive, manifest: parseTemplate(text.toString('utf8'), `${template.name}@${template.version}/${MANIFEST_FILE}`) };
  } catch (error) {
    // Of several archives, people must learn which one it was.
    if (error instanceof ChandleryError && !error.retryable) throw refused(error.code, template, error.message, error);
    throw error;
  }
}

/** What the registry's index said must be what the archive says: name, version, and the dependencies the lock was made from. */
function sameTemplate(verdict: ScanVerdict, template: LockedTemplate): ScanVerdict {
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

function refused(code: ErrorCode, template: LockedTemplate, why: string, cause?: ChandleryError): ChandleryError {
  const name = `${template.name}@${template.version}`;
  return new ChandleryError(
    code,
    `the archive of ${name} from ${template.registry} ${cause ? `is refused: ${why}` : why}`,
    { ...cause?.details, registry: template.registry, template: name },
    { cause },
  );
}
