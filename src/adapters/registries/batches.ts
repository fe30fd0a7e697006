import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TemplateSummary } from '../../domain/registry.ts';

/** Templates handed on at once. */
const BATCH = 500;

/** A list that is in memory, handed on in batches with a turn for others in between. */
export async function* inBatches(
  templates: readonly TemplateSummary[],
  signal?: AbortSignal,
): AsyncGenerator<TemplateSummary[], void, undefined> {
  for (let from = 0; from < templates.length; from += BATCH) {
    signal?.throwIfAborted();
    yield templates.slice(from, from + BATCH);
    await nextTurn();
  }
}
