import { setTimeout as sleep } from 'node:timers/promises';
import { ChandleryError } from '../src/domain/errors.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import type { ArchiveToSend, RemoteOperation, TemplateReceiver } from '../src/domain/receiver.ts';
import { readOnlyRegistry, receiverOf } from '../src/domain/receiver.ts';
import type { RegistryPlugin } from '../src/domain/registry.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';

/** What the step that publishes to another server and its undo share. */

/** The first look comes soon, since a small template is published within a second; milliseconds. */
const FIRST_LOOK_MS = 250;
/** The pause grows by half each time, up to this: whoever waits for minutes does not mind seconds. Milliseconds. */
const LONGEST_PAUSE_MS = 5_000;
/** A server that has accepted an archive may be away this long, milliseconds: it is being upgraded, say. What it began, it goes on with. */
const PATIENCE_MS = 10 * 60_000;

export interface Elsewhere {
  plugin: RegistryPlugin;
  receiver: TemplateReceiver;
}

/** Fails with registry_not_found, and registry_read_only where nothing can be published. */
export async function openElsewhere(deps: ActivityDeps, registry: string): Promise<Elsewhere> {
  const plugin = await findRegistry(deps.registries, registry);
  const receiver = receiverOf(plugin);
  if (receiver) return { plugin, receiver };
  throw readOnlyRegistry(plugin);
}

/** Digest of what has the name and version there; undefined when nothing has. */
export async function digestThere(
  { plugin }: Elsewhere,
  { name, version }: Pick<ArchiveToSend, 'name' | 'version'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const versions = await plugin.listVersions(name, signal);
    return versions.find((entry) => entry.version === version)?.digest;
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'template_not_found') return undefined;
    throw error;
  }
}

/**
 * Waits until the operation there has ended; undefined when it is not known there. The other server may go away and come back meanwhile.
 * Fails as the registry does, with what may pass only after a long time.
 */
export async function untilEnded(
  { plugin: { name: registry }, receiver }: Elsewhere,
  operation: string,
  { signal, progress }: StepRun,
): Promise<RemoteOperation | undefined> {
  let silentSince: number | undefined;
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    let atLeast = 0;
    try {
      const seen = await receiver.follow(operation, signal);
      if (!seen || seen.ended) return seen;
      silentSince = undefined;
      progress({ waitingFor: seen.step === undefined ? registry : `${registry}, which is at its step ${seen.step}` });
    } catch (error) {
      if (signal.aborted || !(error instanceof ChandleryError) || !error.retryable) throw error;
      silentSince ??= performance.now();
      if (performance.now() - silentSince > PATIENCE_MS) throw error;
      progress({ waitingFor: `${registry} to answer again: ${error.message}` });
      atLeast = error.details.retryAfterMs ?? 0;
    }
    await sleep(Math.max(pause, atLeast), undefined, { signal });
  }
}
