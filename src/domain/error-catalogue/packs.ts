import type { CatalogueEntry } from './entry.ts';

/** The pack catalog of the helmdeck face; its contract names the codes. */
export const PACK_ERRORS = {
  marketplace_not_ready: {
    status: 503,
    title: 'The pack catalog was not fetched yet',
    guidance: 'Try again in a few seconds, or POST /api/v1/marketplace/refresh and see why it fails.',
  },
  marketplace_disabled: {
    status: 503,
    title: 'The pack catalog is turned off',
    guidance: 'Start the server without CHANDLERY_MARKETPLACE_DISABLE=1.',
  },
  marketplace_fetch_failed: {
    status: 502,
    title: 'The pack catalog cannot be fetched',
    guidance: 'Check CHANDLERY_MARKETPLACE_URL and what it answers; the catalog fetched before is still shown.',
  },
  pack_not_in_catalog: {
    status: 404,
    title: 'The catalog has no such pack',
    guidance: 'Check the spelling; refresh the catalog if the pack is new.',
  },
  manifest_fetch_failed: {
    status: 502,
    title: "The pack's manifest cannot be read",
    guidance: 'Tell the owner of the catalog; refresh it if the pack was moved.',
  },
} as const satisfies Record<string, CatalogueEntry>;
