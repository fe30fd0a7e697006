import { ChandleryError } from '../src/domain/errors.ts';
import type { Target } from '../src/domain/operation.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import type { Elsewhere } from './follow-elsewhere.ts';
import { digestThere, openElsewhere, untilEnded } from './follow-elsewhere.ts';
import type { SentJournal } from './sent-journal.ts';
import { readJournal } from './sent-journal.ts';
import type { PublishRequest } from './structure.ts';
import type { Undone } from './undo-effect.ts';

const NOTHING: Undone = { undone: false, warnings: [] };

/**
 * Stops what was begun at another server. A version that is published there already stays, since it is not ours to take back: that is a
 * warning, and so is whatever else must be left. A server that is away is waited for: fails as its registry does, to be tried again.
 */
export async function stopElsewhere(
  deps: ActivityDeps,
  target: Target,
  { version, digest }: PublishRequest,
  run: StepRun,
): Promise<Undone> {
  // From here on a late attempt of the step, on a worker that was thought dead, sends nothing.
  await deps.store.deployments.raiseFence(run.context);
  const journal = await readJournal(deps, run.context);
  if (!journal.absent) return NOTHING;
  try {
    return await stop(await openElsewhere(deps, target.namespace), { name: target.name, version, digest }, journal, run);
  } catch (error) {
    if (!(error instanceof ChandleryError) || error.retryable || run.signal.aborted) throw error;
    return left(`what ${target.namespace} has of ${target.name}@${version} could not be stopped: ${error.message}`);
  }
}

async function stop(
  elsewhere: Elsewhere,
  archive: { name: string; version: string; digest: string },
  { sent }: SentJournal,
  run: StepRun,
): Promise<Undone> {
  const { plugin, receiver } = elsewhere;
  const { name, version, digest } = archive;
  const last = sent.at(-1);
  // It may have been sent by an attempt that was lost before it could say so.
  const operation = last?.operation ?? (await receiver.find(archive, run.signal));
  const seen = operation === undefined ? undefined : await receiver.follow(operation, run.signal);
  if (last?.ours === false && seen && !seen.ended)
    return left(`${plugin.name} goes on publishing ${name}@${version}: somebody else had begun that there`);
  if (seen && !seen.ended) await receiver.cancel(seen.id, run.signal);
  const ended = seen?.ended || !seen ? seen : await untilEnded(elsewhere, seen.id, run);
  if (ended && ended.ended !== 'succeeded') return { undone: true, warnings: [] };
  if ((await digestThere(elsewhere, archive, run.signal)) !== digest) return NOTHING;
  return left(
    `${plugin.name} has published ${name}@${version} already and keeps it, since a published version never changes; yank it there if nobody should use it`,
  );
}

function left(warning: string): Undone {
  return { undone: false, warnings: [warning] };
}
