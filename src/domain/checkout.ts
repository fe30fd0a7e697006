/** Port to Git repositories: a working copy to read files from. */

export interface WorkingCopy {
  /** Folder of the files; absolute. */
  dir: string;
  /** Removes it. */
  release(): Promise<void>;
}

/**
 * A shallow copy of one branch, tag or commit, made without hooks, filters or conversion of line endings. Fails as registries do.
 */
export type Checkout = (repository: { url: string; ref?: string }, signal?: AbortSignal) => Promise<WorkingCopy>;
