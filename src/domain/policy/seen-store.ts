import type { VersionEntry } from '../registry.ts';
import type { Signer } from '../signature.ts';
import type { SeenIndex } from './index-guard.ts';

/** The port to what this server saw of registries. Each method fails with store_unavailable when the database cannot be reached. */
export interface SeenStore {
  find(registry: string, template: string): Promise<SeenIndex>;
  /**
   * Remembers what the registry says now, after it was judged. With `replaces`, what it says no more or otherwise is forgotten: somebody
   * answers for that.
   */
  remember(
    registry: string,
    template: string,
    index: { versions: readonly VersionEntry[]; generatedAt?: string },
    replaces?: boolean,
  ): Promise<void>;
  /** Its archive was fetched with this digest. */
  fetched(registry: string, template: string, version: string, digest: string): Promise<void>;
  /** Who signed the last version that was let in. */
  signer(registry: string, template: string): Promise<Signer | undefined>;
  /** After a decision that let it in. */
  rememberSigner(registry: string, template: string, signer: Signer): Promise<void>;
}
