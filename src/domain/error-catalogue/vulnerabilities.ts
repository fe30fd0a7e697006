import type { CatalogueEntry } from './entry.ts';

/** Vulnerability data, which administrators import. */
export const VULNERABILITY_ERRORS = {
  vulnerability_data_invalid: {
    status: 422,
    title: 'The vulnerability data cannot be used',
    guidance:
      'Fetch the file again, and compare its digest with the one its publisher names; what was in use before stays in use.',
  },
} as const satisfies Record<string, CatalogueEntry>;
