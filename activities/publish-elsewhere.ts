import { ChandleryError } from '../src/domain/errors.ts';
import type { Target } from '../src/domain/operation.ts';
import type { PublishOutcome } from '../src/domain/published.ts';
import { checkCandidate } from '../src/domain/published.ts';
import type { ArchiveToSend, RemoteOperation } from '../src/domain/receiver.ts';
import { refusalOf } from '../src/domain/receiver.ts';
import type { Identity } from '../src/domain/store.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import type { Elsewhere } from './follow-elsewhere.ts';
import { digestThere, openElsewhere, untilEnded } from './follow-elsewhere.ts';
import type { SentJournal } from './sent-journal.ts';
import { checkFence, noteAbsent, noteSent, readJournal } from './sent-journal.ts';
import { createStep } from './step.ts';
import { bundleOf, type PublishRequest } from './structure.ts';

interface Input {
  target: Target;
  request: PublishRequest;
  requester: Identity;
}

/** Sends the stored archive to another server, once, and waits until that has published it. */
export function createPublishElsewhere(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ target, request }: Input, run): Promise<PublishOutcome> {
      const elsewhere = await openElsewhere(deps, target.namespace);
      const journal = await readJournal(deps, run.context);
      const version = { name: target.name, version: request.version, digest: request.digest };
      const begun = await begunBefore(elsewhere, journal, run);
      if (begun) return published(version, begun);
      if (await isThere(elsewhere, { ...version, publisher: '' }, run)) {
        // What was absent before was sent by an attempt that was lost before it could say so.
        return { changed: journal.absent, ...version };
      }
      if (!journal.absent) {
        await elsewhere.receiver.prepare(target.name, run.signal);
        await noteAbsent(deps, run);
      }
      const signature = await bundleOf(deps, request);
      const archive = { ...version, size: request.size, ...(signature !== undefined && { signature }) };
      const operation = await send(deps, elsewhere, archive, journal, run);
      const ended = await untilEnded(elsewhere, operation, run);
      if (ended?.ended === 'succeeded') return published(version, ended);
      throw ended ? whyNot(target.namespace, ended) : forgotten(target.namespace);
    },
    describe: ({ changed, name, version, there }, { request, target: { namespace: registry } }) => ({
      detail: changed
        ? [`${name}@${version} is published to ${registry}`, reviewOf(there)].filter(Boolean).join('; ')
        : `${registry} has exactly these bytes already, nothing was sent${request.signature === undefined ? '' : ', nor was the signature'}`,
      ...(there && there.warnings.length > 0 && { warnings: there.warnings.map((warning) => `${registry}: ${warning}`) }),
    }),
    /** A kept one must still be there. */
    async ensure({ name, version, digest }, { target }, { signal }) {
      return (await digestThere(await openElsewhere(deps, target.namespace), { name, version }, signal)) === digest;
    },
  });
}

/** What an earlier attempt began there, if it came to a good end. One that ended badly is tried again only where that may help. */
async function begunBefore(elsewhere: Elsewhere, { sent }: SentJournal, run: StepRun): Promise<RemoteOperation | undefined> {
  const last = sent.at(-1);
  const ended = last && (await untilEnded(elsewhere, last.operation, run));
  if (!ended || ended.ended === 'succeeded') return ended;
  const error = whyNot(elsewhere.plugin.name, ended);
  if (error.retryable) return undefined;
  throw error;
}

/** Fails with version_exists for other bytes. */
async function isThere(
  elsewhere: Elsewhere,
  candidate: Parameters<typeof checkCandidate>[0],
  { signal }: StepRun,
): Promise<boolean> {
  const digest = await digestThere(elsewhere, candidate, signal);
  return checkCandidate(candidate, undefined, digest === undefined ? undefined : { digest });
}

async function send(
  deps: ActivityDeps,
  { plugin, receiver }: Elsewhere,
  archive: Omit<ArchiveToSend, 'body'>,
  journal: SentJournal,
  run: StepRun,
): Promise<string> {
  const { signal, context } = run;
  // Also begins its lease anew: it must not be swept while it is being sent.
  if (!(await deps.store.blobs.has(archive.digest)))
    throw new ChandleryError('not_found', 'the archive is not here any more; publish it again', { template: archive.name });
  const body = counted(deps.store.blobs.read(archive.digest), (done) =>
    run.progress({ bytes: { done, total: archive.size }, waitingFor: `${plugin.name} to take it` }),
  );
  await checkFence(deps, run);
  const { operation, joined } = await receiver.send({ ...archive, body }, signal);
  await deps.onMoment?.(`${context.step}.send`, 'between');
  // One that runs already is this operation's own where an earlier attempt may have sent it and was lost.
  await noteSent(deps, run, journal, { operation, ours: !joined || journal.absent });
  await deps.onMoment?.(`${context.step}.send`, 'after');
  return operation;
}

async function* counted(body: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of body) {
    yield chunk;
    done += chunk.length;
    count(done);
  }
}

function published(
  version: Pick<PublishOutcome, 'name' | 'version' | 'digest'>,
  { id, verdict, warnings }: RemoteOperation,
): PublishOutcome {
  return { changed: true, ...version, there: { operation: id, warnings, ...(verdict && { verdict }) } };
}

function reviewOf(there: PublishOutcome['there']): string {
  const { status = 'approved', reasons = [] } = there?.verdict ?? {};
  return status === 'approved' ? '' : `${status} there: ${reasons.join('; ')}`;
}

function whyNot(registry: string, { ended, failure }: RemoteOperation): ChandleryError {
  if (ended === 'cancelled') return new ChandleryError('cancelled', `${registry}: somebody cancelled it there`, { registry });
  return refusalOf(registry, failure ?? { code: 'registry_invalid', message: 'it failed, and did not say why', details: {} });
}

function forgotten(registry: string): ChandleryError {
  return new ChandleryError('registry_unavailable', `${registry} has lost the operation that it had begun`, { registry });
}
