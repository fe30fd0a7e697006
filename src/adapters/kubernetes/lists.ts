import type { CallOptions, KubeObject, ObjectList, ObjectSelection } from '../../domain/cluster.ts';
import { parseJson } from './discovery.ts';
import { replyFailure } from './failures.ts';
import { LIMITS } from './limits.ts';
import { askedOf } from './objects.ts';
import { collectionPath, query } from './paths.ts';
import type { SessionContext } from './session-context.ts';

interface Page {
  metadata: { resourceVersion?: string; continue?: string };
  items: KubeObject[];
}

/** Reads page by page up to the limit. The pages are of one moment, so the resource version is that of all of them. */
export async function listObjects(
  session: SessionContext,
  selection: ObjectSelection,
  options: CallOptions & { limit?: number } = {},
): Promise<ObjectList> {
  const type = await session.typeOf(selection, options.signal);
  const path = collectionPath(type, selection.namespace);
  const limit = options.limit ?? LIMITS.listItems;
  const items: KubeObject[] = [];
  let position: string | undefined;
  for (;;) {
    const { labelSelector, fieldSelector } = selection;
    const count = Math.min(LIMITS.pageItems, limit - items.length);
    const parameters = query({ limit: count, continue: position, labelSelector, fieldSelector });
    const reply = await session.call({
      method: 'GET',
      path: path + parameters,
      maxBytes: LIMITS.pageBytes,
      signal: options.signal,
    });
    if (reply.status !== 200) throw replyFailure(reply, askedOf(session, 'list', type, selection));
    const page = parseJson<Page>(reply);
    // In a list the server leaves out what all items share.
    for (const item of page.items) items.push({ ...item, apiVersion: selection.apiVersion, kind: selection.kind });
    position = page.metadata.continue || undefined;
    if (position === undefined || items.length >= limit) {
      return { items, resourceVersion: page.metadata.resourceVersion ?? '', truncated: position !== undefined };
    }
  }
}
