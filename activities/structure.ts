import { contentHash } from '../src/domain/content-hash.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import type { Target } from '../src/domain/operation.ts';
import { LOCAL_REGISTRY } from '../src/domain/operation.ts';
import type { PublishCandidate } from '../src/domain/published.ts';
import { checkCandidate, folderName } from '../src/domain/published.ts';
import type { Identity } from '../src/domain/store.ts';
import type { TemplateManifest } from '../src/domain/template.ts';
import { MANIFEST_FILE } from '../src/domain/template.ts';
import { parseTemplate } from '../src/domain/template-parse.ts';
import { judgeHash } from '../src/domain/trust.ts';
import type { ValidationSubject } from '../src/domain/validation.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

/** What is to be published, as the API read it from the archive it stored. */
export interface PublishRequest {
  version: string;
  digest: string;
  /** bytes */
  size: number;
  /** The publisher's token was given for names like this one. */
  byScope?: boolean;
}

interface Input {
  target: Target;
  request: PublishRequest;
  requester: Identity;
}

/** One text that is shown; longer ones are mistakes. Bytes. */
const MAX_TEXT_BYTES = 512 * 1024;
/** All texts of one archive that are held in memory. Bytes. */
const MAX_TEXTS_BYTES = 4 * 1024 * 1024;
const TEXT_FILE = /(^|\/)readme$|\.(md|markdown|txt|rst|adoc)$/i;

/**
 * The archive is safe to unpack and holds a template of ours under the name and version it is published as; the version is free and the
 * name is the publisher's. Takes the target's fence and writes the audit entry.
 */
export function createStructure(deps: ActivityDeps) {
  return createStep(deps, {
    takesFence: true,
    async run({ target, request, requester }: Input, run) {
      const subject = await readSubject(deps, target.name, request, run);
      const { name } = target;
      const { version, digest, byScope = false } = request;
      // Whose a name is elsewhere, and what is taken there, is for that server to say.
      if (target.namespace === LOCAL_REGISTRY)
        await checkFree(deps, { name, version, digest, publisher: requester.user, byScope }, run);
      await deps.store.audit.append({
        actor: requester.user,
        action: 'publish',
        object: run.context.target,
        outcome: 'allowed',
        operation: run.context.operation,
        detail: { version, digest },
      });
      const { manifest, contentHash: hash, trust, paths } = subject;
      return {
        subject: await deps.store.documents.put('subject', subject),
        contentHash: hash,
        type: manifest.spec.type,
        files: paths.length,
        trust: trust.note,
      };
    },
    describe: ({ files, type, trust }, { target, request }) => ({
      detail: `${target.name}@${request.version}, type ${type}, ${files} ${files === 1 ? 'file' : 'files'}; ${trust}`,
    }),
    /** The name may have got another owner since, and the version other bytes. */
    ensure: async (_value, _input, { context }) => context.keep === undefined,
  });
}

/** What the steps after `structure` look at. */
export async function subjectOf(deps: ActivityDeps, digest: string): Promise<ValidationSubject> {
  const subject = (await deps.store.documents.get('subject', digest)) as ValidationSubject | undefined;
  if (subject) return subject;
  throw new ChandleryError('not_found', 'what was read from the archive is not there any more; publish it again');
}

async function readSubject(
  deps: ActivityDeps,
  name: string,
  { version, digest }: PublishRequest,
  { signal }: StepRun,
): Promise<ValidationSubject> {
  // Also begins the lease of the archive anew, so that a replay of an old operation cannot publish what is swept meanwhile.
  if (!(await deps.store.blobs.has(digest)))
    throw new ChandleryError('not_found', 'the archive is not here any more; publish it again', { template: name });
  const { files, bodies } = await deps.archive.inspect(deps.store.blobs.read(digest), { keep: keepTexts(), signal });
  const manifestText = bodies.get(MANIFEST_FILE)?.toString('utf8');
  if (manifestText === undefined)
    throw new ChandleryError('template_invalid', `the archive holds no ${MANIFEST_FILE} at its root`, { template: name });
  const manifest = parseTemplate(manifestText);
  if (manifest.metadata.name !== name || manifest.metadata.version !== version)
    throw new ChandleryError(
      'template_invalid',
      `the archive calls itself ${manifest.metadata.name}@${manifest.metadata.version}, and is published as ${name}@${version}`,
      { template: `${name}@${version}` },
    );
  const hash = contentHash(files);
  const { verified, mismatch, note } = judgeHash(manifest.trust, hash);
  if (mismatch) throw new ChandleryError('untrusted', note, { template: `${name}@${version}` });
  const readme = readmeOf(manifest, bodies);
  return {
    manifest,
    manifestText,
    paths: files.map(({ path }) => path).sort(),
    ...(readme && { readme }),
    contentHash: hash,
    trust: { verified, note },
  };
}

/** For one reading of one archive, since it counts what it lets in. */
function keepTexts(): (path: string, size: number) => boolean {
  let left = MAX_TEXTS_BYTES;
  return (path, size) => {
    // The manifest has a limit of its own, which says so in words.
    if (path === MANIFEST_FILE) return true;
    if (size > MAX_TEXT_BYTES || !TEXT_FILE.test(path)) return false;
    left -= size;
    return left >= 0;
  };
}

function readmeOf({ metadata }: TemplateManifest, bodies: ReadonlyMap<string, Buffer>) {
  const path = metadata.readme ?? 'README.md';
  const text = bodies.get(path)?.toString('utf8');
  return text === undefined ? undefined : { path, text };
}

/** Also against what this server's folders have: a name of theirs is the operator's. */
async function checkFree(deps: ActivityDeps, candidate: PublishCandidate, { context }: StepRun): Promise<void> {
  const { published, audit } = deps.store;
  try {
    const [owners, there] = await Promise.all([
      published.owners(candidate.name),
      published.find(candidate.name, candidate.version),
    ]);
    checkCandidate(candidate, owners, there);
    if (!owners) await refuseFolderName(deps, candidate.name);
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'not_owner')
      await audit.append({
        actor: candidate.publisher,
        action: 'publish',
        object: context.target,
        outcome: 'denied',
        code: error.code,
        operation: context.operation,
        detail: { version: candidate.version, digest: candidate.digest },
      });
    throw error;
  }
}

async function refuseFolderName({ registries: { local } }: ActivityDeps, name: string): Promise<void> {
  try {
    await local?.listVersions(name);
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'template_not_found') return;
    throw error;
  }
  if (local) throw folderName(name);
}
