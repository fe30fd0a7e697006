import type { CatalogSource } from './catalog.ts';

/** A template's detail as it is kept at rest, for all servers and for the next start. */
export interface HeldDetail {
  /** ms since 1970 */
  fetchedAt: number;
  /** What the listing said of the template then; absent where a certain version was asked for. */
  identity?: string;
  /** compressed JSON */
  body: Buffer;
}

/** Port of the store. Fails with store_unavailable. */
export interface HeldDetailStore {
  /** `version` is empty for the default one. */
  find(source: CatalogSource, name: string, version: string): Promise<HeldDetail | undefined>;
  /** One that is very large is not kept. */
  save(source: CatalogSource, name: string, version: string, detail: HeldDetail): Promise<void>;
  /** Forgets the details of a source for which `isSame` says no: their template is another one now. */
  retain(source: CatalogSource, isSame: (name: string, identity: string | undefined) => boolean): Promise<void>;
  forget(source: CatalogSource, name: string, version: string): Promise<void>;
}
