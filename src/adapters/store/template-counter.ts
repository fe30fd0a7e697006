import type { TemplateCount, TemplateCounter, TemplateEvent, TemplateMetricsStore } from '../../domain/template-metrics.ts';

/** Few counts are written this often, ms: a kill loses a few seconds of them, and no request waits for the store. */
const FLUSH_MS = 5_000;
/** Many are written every so many times only: most of them are for the same names, and each is a row to be changed. */
const MANY_EVERY = 12;
/** One statement of a few milliseconds. */
const FEW = 1_000;
/** Different counts held; more names in one pause are left uncounted rather than piled up while the store is away. */
const MAX_HELD = 10_000;
/** Counts in one statement. */
const BATCH = 1_000;

export interface OpenTemplateCounter extends TemplateCounter {
  /** Writes what is held. Never fails; what could not be written is held on. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function createTemplateCounter(store: TemplateMetricsStore, flushMs = FLUSH_MS): OpenTemplateCounter {
  let held = new Map<string, TemplateCount>();
  const add = ({ name, registry = '', metric, value = '', count = 1 }: TemplateEvent & { count?: number }) => {
    const key = `${registry}/${name} ${metric} ${value}`;
    const known = held.get(key);
    if (known) known.count += count;
    else if (held.size < MAX_HELD) held.set(key, { name, registry, metric, value, count });
  };
  let writing: Promise<void> = Promise.resolve();
  const write = async () => {
    const counts = [...held.values()];
    held = new Map();
    let at = 0;
    try {
      for (; at < counts.length; at += BATCH) await store.add(counts.slice(at, at + BATCH));
    } catch {
      // A store that is away is not asked again for each of the rest: a server that stops waits for this. What failed comes last the next time.
      for (const count of [...counts.slice(at + BATCH), ...counts.slice(at, at + BATCH)]) add(count);
    }
  };
  // One after the other: what one could not write is held again before the next begins.
  const flush = () => {
    writing = writing.then(write);
    return writing;
  };
  let skipped = 0;
  const onTime = () => {
    skipped = held.size > FEW && skipped + 1 < MANY_EVERY ? skipped + 1 : 0;
    if (skipped === 0) void flush();
  };
  const timer = setInterval(onTime, flushMs).unref();
  return {
    count: add,
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
