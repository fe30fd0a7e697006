import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TemplateSummary } from '../../domain/registry.ts';

/** Templates handed on at once. */
const BATCH = 500;

/** A list that is in memory, handed on in batches with a turn for others in between. */
export function inBatches(
  templates: Iterable<TemplateSummary>,
  signal?: AbortSignal,
): AsyncGenerator<TemplateSummary[], void, undefined> {
  return summarised(templates, (template) => template, signal);
}

/** The same of what is summarised only when its batch is due: of fifty thousand at once, that alone would hold up everybody. */
export async function* summarised<Item>(
  items: Iterable<Item>,
  summary: (item: Item) => TemplateSummary,
  signal?: AbortSignal,
): AsyncGenerator<TemplateSummary[], void, undefined> {
  let batch: TemplateSummary[] = [];
  for (const item of items) {
    batch.push(summary(item));
    if (batch.length < BATCH) continue;
    signal?.throwIfAborted();
    yield batch;
    batch = [];
    await nextTurn();
  }
  signal?.throwIfAborted();
  if (batch.length > 0) yield batch;
}
