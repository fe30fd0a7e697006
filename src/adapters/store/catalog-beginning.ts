import type { TemplateSummary } from '../../domain/registry.ts';

/** What could be read of a listing at once. */
export interface Beginning {
  templates: TemplateSummary[];
  /** All of it and the rest, to be read once; absent when that was all. */
  whole?: AsyncIterable<TemplateSummary[]>;
}

/** Reads a listing until it ends or has more than so many templates. Fails as it does. */
export async function beginningOf(batches: AsyncIterable<TemplateSummary[]>, most: number): Promise<Beginning> {
  const reading = batches[Symbol.asyncIterator]();
  const templates: TemplateSummary[] = [];
  while (templates.length <= most) {
    const next = await reading.next();
    if (next.done) return { templates };
    for (const template of next.value) templates.push(template);
  }
  return { templates, whole: continued(templates, reading) };
}

async function* continued(
  first: TemplateSummary[],
  reading: AsyncIterator<TemplateSummary[]>,
): AsyncGenerator<TemplateSummary[], void, undefined> {
  try {
    yield first;
    for (let next = await reading.next(); !next.done; next = await reading.next()) yield next.value;
  } finally {
    // Whoever stops reading must not leave the registry's answer open.
    await reading.return?.();
  }
}
