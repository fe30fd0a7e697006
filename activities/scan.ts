import { namedImages } from '../src/domain/content/named-images.ts';
import type { ErrorCode } from '../src/domain/errors.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { missingNote } from '../src/domain/foreign/chart-dependencies.ts';
import { withIdentity } from '../src/domain/foreign/index.ts';
import { currentRuleset, type Judgement, judgeSubject } from '../src/domain/judgement.ts';
import { type LicensedTemplate, licenceNotes } from '../src/domain/licences/compatibility.ts';
import type { LockedTemplate } from '../src/domain/lock.ts';
import type { DependencySpec } from '../src/domain/registry.ts';
import type { ScanVerdict } from '../src/domain/scan-store.ts';
import type { TemplateManifest } from '../src/domain/template.ts';
import { unlistedOf, type ValidationSubject } from '../src/domain/validation.ts';
import { forInstall, VALIDATION, type ValidationSet } from '../src/domain/validation-set.ts';
import type { StepRun } from './attempt.ts';
import { signatureOf } from './check-signature.ts';
import { decidePolicy, discardRefused, type PolicyQuestion } from './decide-policy.ts';
import type { ActivityDeps } from './deps.ts';
import { type ReadArchive, readArchive } from './read-subject.ts';
import { createStep } from './step.ts';

/** Raised with every change of what an archive is taken for; what is found in it goes by the ruleset of the set. */
export const SCAN_RULESET = 'structure+hash/2';

/** Notes about the translation of one archive that an operation tells as warnings. */
const MAX_NOTES = 5;

interface Input {
  templates: LockedTemplate[];
  acceptUnsigned: boolean;
}

/**
 * Looks into the template and every locked dependency: archive guard, structure, sealed hash, then every validator and scorer of the set. Verdicts
 * are kept by digest and ruleset. What was found is then held against the policy of each registry, which alone says what may pass.
 */
export function createScan(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ templates, acceptUnsigned }: Input, run) {
      const ruleset = await rulesetOf(deps, run.signal);
      const scanned = await Promise.all(templates.map((template) => scanOrDiscard(deps, template, ruleset, run)));
      const questions = await Promise.all(scanned.map(questionOf(deps, run)));
      const decisions = await decidePolicy(deps, run, questions, acceptUnsigned);
      const signed = questions.filter(({ signature }) => signature?.state === 'verified').length;
      return { verdicts: scanned.map(summaryOf), licences: licenceNotes(scanned.map(licenceOf)), decisions, signed };
    },
    describe({ verdicts, licences = [], signed = 0 }) {
      const notes = verdicts.flatMap(({ name, notes: own = [] }) => own.map((note) => `${name}: ${note}`));
      const found = verdicts.flatMap(({ name, found: counts }) => (counts === undefined ? [] : [`${name}: ${counts}`]));
      const warnings = [...notes, ...licences, ...found];
      const sealed = `${verdicts.filter((entry) => entry.verified).length} with a verified hash`;
      const detail = [`${verdicts.length} scanned`, sealed, signed > 0 && `${signed} with a verified signature`];
      return { detail: detail.filter(Boolean).join(', '), ...(warnings.length > 0 && { warnings }) };
    },
    async ensure(_value, { templates }, { context }) {
      // A replay goes by the policies, waivers, rules and signatures of now; what was found is kept, so asking again is cheap.
      if (context.keep !== undefined) return false;
      const found = await Promise.all(templates.map((template) => deps.store.scans.find(template.digest, SCAN_RULESET)));
      return found.every((verdict) => verdict !== undefined);
    },
  });
}

function setOf({ validation = VALIDATION }: ActivityDeps): ValidationSet {
  return forInstall(validation);
}

type Look = Pick<StepRun, 'signal'>;

interface Scanned {
  template: LockedTemplate;
  verdict: ScanVerdict;
  judgement: Judgement;
  /** Where this attempt read the archive. */
  subject?: ValidationSubject;
}

/** Bytes that were refused for what they are do not stay. */
async function scanOrDiscard(deps: ActivityDeps, template: LockedTemplate, ruleset: string, run: Look): Promise<Scanned> {
  try {
    return await scanOne(deps, template, ruleset, run);
  } catch (error) {
    if (error instanceof ChandleryError && !error.retryable) await discardRefused(deps, [template.digest]);
    throw error;
  }
}

/** The rules of now, data that they look things up in included. */
export function rulesetOf(deps: ActivityDeps, signal: AbortSignal): Promise<string> {
  return currentRuleset(setOf(deps), signal);
}

/** One archive's verdict: the one that was kept for these bytes and rules, or else a fresh one, which is kept. */
export async function scanOne(deps: ActivityDeps, template: LockedTemplate, ruleset: string, run: Look): Promise<Scanned> {
  const { scans } = deps.store;
  const [judged, structure] = await Promise.all([
    scans.find(template.digest, ruleset),
    scans.find(template.digest, SCAN_RULESET),
  ]);
  if (judged?.judgement) {
    const { judgement, ...verdict } = judged;
    // It may come from a publish, which leaves no other row.
    if (!structure) await scans.save(template.digest, SCAN_RULESET, verdict);
    return { template, verdict: sameTemplate(verdict, template), judgement };
  }
  const { verdict, subject } = await lookInto(deps, template, run);
  sameTemplate(verdict, template);
  const judgement = await judge(deps, template, subject, run);
  // The later steps want what the archive is, whatever the rules are by then; so that has a row of its own.
  await scans.save(template.digest, SCAN_RULESET, verdict);
  await scans.save(template.digest, judgement.ruleset, { ...verdict, judgement });
  return { template, verdict, judgement, subject };
}

async function lookInto(deps: ActivityDeps, template: LockedTemplate, run: Look) {
  const { archive, meaning, trust, subject } = await read(deps, template, run);
  if (trust.mismatch) throw refused('untrusted', template, trust.note);
  const { manifest, foreign } = meaning;
  const verdict: ScanVerdict = {
    contentHash: subject.contentHash,
    manifest,
    trust: subject.trust,
    files: archive.files.length,
    unpackedBytes: archive.unpackedBytes,
    ...(foreign && { foreign: foreignOf(foreign) }),
  };
  return { verdict, subject };
}

function foreignOf({ format, ownIdentity, notes, missing }: NonNullable<ReadArchive['meaning']['foreign']>) {
  return { format, ownIdentity, notes, ...(missing && { missing }) };
}

/** Of several archives, people must learn which one it was. */
async function read(deps: ActivityDeps, template: LockedTemplate, run: Look): Promise<ReadArchive> {
  try {
    return await readArchive(deps, template.digest, `${template.name}@${template.version}`, run.signal);
  } catch (error) {
    if (error instanceof ChandleryError && !error.retryable) throw refused(error.code, template, error.message, error);
    throw error;
  }
}

async function judge(deps: ActivityDeps, template: LockedTemplate, subject: ValidationSubject, run: Look): Promise<Judgement> {
  try {
    return await judgeSubject(setOf(deps), subject, run.signal);
  } catch (error) {
    if (error instanceof ChandleryError && !error.retryable) throw refused(error.code, template, error.message, error);
    throw error;
  }
}

function questionOf(deps: ActivityDeps, run: StepRun) {
  return async ({ template, verdict, judgement, subject }: Scanned): Promise<PolicyQuestion> => {
    const signature = await signatureOf(deps, run, template, verdict.trust);
    const subjectOf = async () => subject ?? (await read(deps, template, run)).subject;
    return {
      template,
      trust: verdict.trust,
      findings: judgement.security.findings,
      unlisted: unlistedOf(judgement.security),
      ...(judgement.score.total !== undefined && { score: judgement.score.total }),
      ...(signature && { signature }),
      images: async () => namedImages(await subjectOf()),
      subject: subjectOf,
    };
  };
}

function summaryOf({ template, verdict, judgement }: Scanned) {
  const { critical, high } = judgement.security.counts;
  const notes = notesOf(verdict, template);
  const grave = [critical > 0 && `${critical} critical`, high > 0 && `${high} high`].filter((word) => word !== false);
  return {
    name: template.name,
    contentHash: verdict.contentHash,
    ...verdict.trust,
    ...(judgement.score.total !== undefined && { score: judgement.score.total }),
    ...(grave.length > 0 && { found: `${grave.join(' and ')} ${critical + high === 1 ? 'finding' : 'findings'} of security` }),
    ...(notes.length > 0 && { notes: notes.slice(0, MAX_NOTES) }),
  };
}

/** What the lock has is there; the verdict is kept for longer than the registries stay as they are, and so says nothing about them. */
function notesOf({ foreign }: ScanVerdict, { dependencies }: LockedTemplate): string[] {
  if (foreign === undefined) return [];
  const missing = (foreign.missing ?? []).filter(({ name }) => !dependencies.includes(name));
  const without = 'and is not installed with it: the chart cannot be rendered without it';
  return [...missing.map((dependency) => `${missingNote(dependency)}, ${without}`), ...foreign.notes];
}

/** Parents are merged into their child; everything else of a tree runs beside it. */
function licenceOf({ template, verdict: { manifest } }: Scanned): LicensedTemplate {
  const { metadata, spec } = manifest;
  return { name: template.name, licence: metadata.license, holds: (spec.inherits ?? []).map(({ name }) => name) };
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
