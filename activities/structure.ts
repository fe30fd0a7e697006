import { auditObject } from '../src/domain/audit.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import type { Target } from '../src/domain/operation.ts';
import { LOCAL_REGISTRY } from '../src/domain/operation.ts';
import type { PublishCandidate } from '../src/domain/published.ts';
import { checkCandidate, folderName } from '../src/domain/published.ts';
import type { Identity } from '../src/domain/store.ts';
import { MANIFEST_FILE } from '../src/domain/template.ts';
import type { ValidationSubject } from '../src/domain/validation.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import { readArchive } from './read-subject.ts';
import { createStep } from './step.ts';

/** What is to be published, as the API read it from the archive it stored. */
export interface PublishRequest {
  version: string;
  digest: string;
  /** bytes */
  size: number;
  /** The publisher's token was given for names like this one. */
  byScope?: boolean;
  /** Document with the bundle that was sent along, and verified. */
  signature?: string;
}

interface Input {
  target: Target;
  request: PublishRequest;
  requester: Identity;
}

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
        action: 'publish-template',
        object: auditObject.template(name, version),
        outcome: 'allowed',
        operation: run.context.operation,
        detail: { version, digest },
      });
      const { manifest, contentHash: hash, trust, paths } = subject;
      return {
        subject: await deps.store.documents.put('subject', withoutTexts(subject)),
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

/** What the steps after `structure` look at, without the texts of its files but the readme. */
export async function subjectOf(deps: ActivityDeps, digest: string): Promise<ValidationSubject> {
  const subject = (await deps.store.documents.get('subject', digest)) as ValidationSubject | undefined;
  if (subject) return subject;
  throw new ChandleryError('not_found', 'what was read from the archive is not there any more; publish it again');
}

/** With the texts, read from the archive again: they are as long as it, and may hold the secrets that are looked for. */
export async function wholeSubjectOf(deps: ActivityDeps, digest: string, signal: AbortSignal): Promise<ValidationSubject> {
  const { archive, manifest } = await subjectOf(deps, digest);
  const { name, version } = manifest.metadata;
  if (archive === undefined)
    throw new ChandleryError('not_found', `${name}@${version} was begun by an older build; publish it again`);
  return (await readArchive(deps, archive, `${name}@${version}`, signal)).subject;
}

function withoutTexts(subject: ValidationSubject): ValidationSubject {
  return { ...subject, files: subject.files.map(({ path, size }) => ({ path, size })) };
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
  const { meaning, trust, subject } = await readArchive(deps, digest, name, signal);
  const { manifest, foreign } = meaning;
  if (foreign)
    throw new ChandleryError('template_invalid', `the archive holds no ${MANIFEST_FILE} at its root`, { template: name });
  if (manifest.metadata.name !== name || manifest.metadata.version !== version)
    throw new ChandleryError(
      'template_invalid',
      `the archive calls itself ${manifest.metadata.name}@${manifest.metadata.version}, and is published as ${name}@${version}`,
      { template: `${name}@${version}` },
    );
  if (trust.mismatch) throw new ChandleryError('untrusted', trust.note, { template: `${name}@${version}` });
  return subject;
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
        action: 'publish-template',
        object: auditObject.template(candidate.name, candidate.version),
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

/** The text of the bundle that came with the archive, verified when it came. */
export async function bundleOf({ store }: ActivityDeps, { signature }: PublishRequest): Promise<string | undefined> {
  if (signature === undefined) return undefined;
  const { bundle } = ((await store.documents.get('signature', signature)) ?? {}) as { bundle?: string };
  if (bundle !== undefined) return bundle;
  throw new ChandleryError('not_found', 'the signature is not here any more; publish it again');
}
