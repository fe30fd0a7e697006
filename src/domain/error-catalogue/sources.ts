import type { CatalogueEntry } from './entry.ts';

/** Namespace sources. */
export const SOURCE_ERRORS = {
  source_not_found: { status: 404, title: 'No such source', guidance: 'List the sources of the namespace.' },
  source_exists: {
    status: 409,
    title: 'A source of this name exists',
    guidance: 'Change it, or choose another name.',
  },
  source_invalid: {
    status: 422,
    title: 'The source is not valid',
    guidance: 'Correct the members that `errors` names.',
  },
} as const satisfies Record<string, CatalogueEntry>;
