import type { ArchiveRange, ArchiveStream } from './registry.ts';

/** Port to charts that lie in OCI registries. */
export interface ChartSource {
  /**
   * What the chart at `ref` (`oci://host/path/name`, without a tag) is in this version. `size` in bytes. Fails with version_not_found,
   * template_not_found and as registries do.
   */
  resolve(ref: string, version: string, signal?: AbortSignal): Promise<{ digest: string; size: number }>;
  /** The chart's archive as the registry serves it. */
  open(ref: string, version: string, range?: ArchiveRange): Promise<ArchiveStream>;
}
