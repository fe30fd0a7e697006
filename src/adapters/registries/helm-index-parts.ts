/** What an index is cut into, and how large it may be. */

export const HELM_INDEX_LIMITS = Object.freeze({
  /** bytes; the largest public index has 50 MB */
  maxBytes: 64 * 1024 * 1024,
  /** ms for fetching and reading one, over a slow line */
  timeoutMs: 5 * 60 * 1000,
  /** characters of all versions of one template */
  maxTemplateLength: 8 * 1024 * 1024,
  /** characters of one version's entry; long change logs and lists of definitions are a tenth of it */
  maxEntryLength: 256 * 1024,
  /** characters of a template's name that are looked at */
  maxName: 256,
  maxTemplates: 100_000,
  /** of one template, as the protocol's lists allow */
  maxVersions: 10_000,
});

/** One template of an index: the text of each of its versions, none of them parsed. */
export interface IndexBlock {
  name: string;
  texts: string[];
  /** Why it cannot be used as a whole. */
  problem?: string;
}

export interface IndexSplitter {
  /** Fails with registry_invalid where the text cannot be an index. */
  push(text: string): void;
  /** The text is complete. Fails with registry_invalid where something is missing. */
  end(): void;
  /** When the index was made, RFC 3339, once it was read to its end. */
  readonly generated?: string | undefined;
  /** The blocks that were completed since the last call. */
  take(): IndexBlock[];
}
