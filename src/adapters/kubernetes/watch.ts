import type { V1Status } from '@kubernetes/client-node';
import type { CallOptions, KubeObject, ObjectSelection, WatchEvent } from '../../domain/cluster.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { failureOf, replyFailure } from './failures.ts';
import { jsonLines } from './json-lines.ts';
import { LIMITS } from './limits.ts';
import { askedOf } from './objects.ts';
import { collectionPath, query } from './paths.ts';
import type { SessionContext } from './session-context.ts';
import { type Asked, failureOfStatus } from './status.ts';
import type { Stream } from './transport.ts';

interface Line {
  type: string;
  object: KubeObject | V1Status;
}

/**
 * Changes after the resource version, on a socket of its own. Ends when the server ends it, after 30 s unless told: go on from the last
 * version seen. Leaving the loop closes the socket. Fails with `watch_expired`, `cluster_unavailable` when the connection breaks or is silent, or the signal's reason.
 */
export async function* watchObjects(
  session: SessionContext,
  selection: ObjectSelection,
  resourceVersion: string,
  { signal, seconds = LIMITS.watchSeconds }: CallOptions & { seconds?: number } = {},
): AsyncGenerator<WatchEvent, void, undefined> {
  const type = await session.typeOf(selection, signal);
  const { labelSelector, fieldSelector } = selection;
  const parameters = query({
    watch: 1,
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: seconds,
    labelSelector,
    fieldSelector,
  });
  const opened = await session.stream({ method: 'GET', path: collectionPath(type, selection.namespace) + parameters, signal });
  const asked = askedOf(session, 'watch', type, selection);
  if ('reply' in opened) throw replyFailure(opened.reply, asked);
  yield* events(opened.stream, asked);
}

async function* events(stream: Stream, asked: Asked): AsyncGenerator<WatchEvent, void, undefined> {
  stream.response.socket.setKeepAlive(true, LIMITS.watchProbeMs);
  try {
    for await (const line of jsonLines(stream, { maxBytes: LIMITS.objectBytes, silenceMs: LIMITS.watchSilenceMs })) {
      const event = eventOf(line as Line, asked);
      if (event) yield event;
    }
  } finally {
    stream.stop(new ChandleryError('cancelled', 'the watch was left'));
  }
}

function eventOf({ type, object }: Line, asked: Asked): WatchEvent | undefined {
  if (type === 'ERROR') throw failureOf(failureOfStatus(object as V1Status), asked);
  const seen = object as KubeObject;
  if (type === 'BOOKMARK') return { type: 'bookmark', resourceVersion: seen.metadata.resourceVersion ?? '' };
  const kind = KINDS[type];
  return kind && { type: kind, object: seen };
}

const KINDS: Readonly<Record<string, 'added' | 'modified' | 'deleted'>> = {
  ADDED: 'added',
  MODIFIED: 'modified',
  DELETED: 'deleted',
};
