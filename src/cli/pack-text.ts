import type { CatalogSnapshot } from '../domain/helmdeck.ts';
import { type Format, printAs } from './output.ts';
import { note } from './terminal.ts';
import { age, oneLine } from './text.ts';

/** Prints the pack catalog in the chosen format, and tells on stderr when it is an older one. */
export async function printPacks(
  output: Format,
  body: CatalogSnapshot,
  table: (body: CatalogSnapshot) => Promise<string> | string,
): Promise<void> {
  await printAs(output, { body, names: ({ index }) => index.packs.map(({ name }) => oneLine(name)), table });
  const { last_error: reason, fetched_at: at } = body.meta;
  if (reason !== undefined) note(`warning: the last refresh failed: ${oneLine(reason)}; shown as it was ${age(at)} ago`);
}
