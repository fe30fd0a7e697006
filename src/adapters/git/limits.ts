/** What one repository may take. */
export const GIT_LIMITS = Object.freeze({
  /** One fetch from the first byte to the last, ms. */
  fetchMs: 5 * 60_000,
  /** Asking for the list of branches and tags, ms. */
  listMs: 60_000,
  /** Reading what was fetched, ms. */
  localMs: 60_000,
  /** Until a connection stands, s (ssh); a transfer slower than `slowBytes` for `slowSeconds` ends too (http). */
  connectSeconds: 20,
  slowBytes: 1_000,
  slowSeconds: 30,
  /** Pack file of one fetch, bytes: the kernel stops git at it. */
  packBytes: 256 * 1024 * 1024,
  /** Bytes of a mirror above which it is thrown away and fetched anew; fetches only add to it. */
  mirrorBytes: 768 * 1024 * 1024,
  /** Address space of git, KiB: a small pack can unfold to gigabytes. */
  memoryKiB: 3 * 1024 * 1024,
  /** List of branches and tags, bytes; about 100,000 of them. */
  refsBytes: 8 * 1024 * 1024,
  /** List of the files of one commit, bytes and files. */
  treeBytes: 32 * 1024 * 1024,
  treeEntries: 50_000,
  /** What git says when it fails, bytes. */
  stderrBytes: 64 * 1024,
  /** Files of a working copy together, bytes. */
  checkoutBytes: 256 * 1024 * 1024,
});
