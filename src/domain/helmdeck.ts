import type { PackEntry, PackIndex } from './foreign/pack-index.ts';

/** The one pack catalog that the helmdeck face of the API shows (reference 5). */

export interface CatalogMeta {
  /** as configured */
  source: string;
  /** what was fetched for it */
  resolved_url: string;
  /** RFC 3339; when the index shown was fetched */
  fetched_at: string;
  /** why the last refresh failed; absent after a success */
  last_error?: string;
}

export interface CatalogSnapshot {
  index: PackIndex;
  meta: CatalogMeta;
}

export interface PackDetail {
  entry: PackEntry;
  /** `helmdeck-pack.yaml` as JSON, under its own names */
  manifest: Record<string, unknown>;
  /** where the manifest breaks the catalog's schema */
  warnings: string[];
}

export interface HelmdeckCatalog {
  /** What the last refresh that succeeded gave; never fetches. Fails with marketplace_disabled or marketplace_not_ready. */
  snapshot(): CatalogSnapshot;
  /** Fetches the index now. Fails with marketplace_disabled, or marketplace_fetch_failed: the old one stays. */
  refresh(): Promise<CatalogSnapshot>;
  /** One pack with its manifest, fetched now. Fails as snapshot does, with pack_not_in_catalog, or with manifest_fetch_failed. */
  pack(name: string): Promise<PackDetail>;
  /** Ends what runs in the background. */
  close(): void;
}
