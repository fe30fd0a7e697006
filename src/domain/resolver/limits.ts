/** How much a resolution may look at before it says so, instead of running on. */
export interface ResolveLimits {
  maxTemplates: number;
  maxDepth: number;
  maxVersions: number;
  concurrency: number;
  maxConflicts: number;
  maxMinimised: number;
}

export const RESOLVE_LIMITS: Readonly<ResolveLimits> = Object.freeze({
  /** templates looked up for one install; real catalogs need tens, the whole of a large registry is about ten thousand */
  maxTemplates: 10_000,
  /** dependencies below dependencies; deeper than this is a mistake or an attack */
  maxDepth: 64,
  /** versions of one template; daily builds for five years */
  maxVersions: 2_000,
  /** look-ups in flight at once, over all registries; each registry has its own rate limit besides */
  concurrency: 16,
  /** dead ends the search learns from; hard real cases need hundreds */
  maxConflicts: 50_000,
  /** facts of a failed search that are tried one by one for the shortest explanation; each try is a small search */
  maxMinimised: 250,
});
