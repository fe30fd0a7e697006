import { createHash } from 'node:crypto';
import { ChandleryError } from '../../domain/errors.ts';
import type { DependencySpec, VersionEntry } from '../../domain/registry.ts';
import type { TemplateManifest } from '../../domain/template.ts';
import { parseTemplate } from '../../domain/template-parse.ts';
import { packSource, readManifest } from './folder-archive.ts';
import { type FolderProblem, type FolderScan, type Source, scanFolder } from './folder-scan.ts';

/** How stale a listing may be, ms: an added version shows within this time, and a burst of requests scans once. */
const RESCAN_MS = 1_000;
/** Versions read at the same time; reading is mostly waiting for the disk, hashing is not. */
const LOAD_CONCURRENCY = 4;

export interface IndexedVersion {
  source: Source;
  manifest: TemplateManifest;
  entry: VersionEntry;
}

/** Versions of each template by name; the order within a list is the scan's. */
export type FolderListing = ReadonlyMap<string, readonly IndexedVersion[]>;

type Loaded = { signature: string } & ({ version: IndexedVersion } | { problem: FolderProblem });

export interface FolderIndexOptions {
  registry: string;
  directories: readonly string[];
  onProblem?: ((problem: FolderProblem) => void) | undefined;
  rescanMs?: number | undefined;
}

/** The listing of one or more folders, kept as long as the stats of their files stay the same. The first folder wins. */
export class FolderIndex {
  readonly #loaded = new Map<string, Loaded>();
  #listing: FolderListing = new Map();
  #problems: readonly FolderProblem[] = [];
  #signature = '';
  #scannedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  constructor(readonly options: FolderIndexOptions) {}

  get problems(): readonly FolderProblem[] {
    return this.#problems;
  }

  /** Changes whenever the listing may have. */
  get signature(): string {
    return this.#signature;
  }

  /** Fails with registry_unavailable when none of the folders can be read. `fresh` looks again, however recent the last look was. */
  async listing(fresh = false): Promise<FolderListing> {
    const age = performance.now() - this.#scannedAt;
    if (fresh || age >= (this.options.rescanMs ?? RESCAN_MS)) {
      this.#refreshing ??= this.#refresh().finally(() => {
        this.#refreshing = undefined;
      });
      await this.#refreshing;
    }
    return this.#listing;
  }

  async #refresh(): Promise<void> {
    const scans = await Promise.all(this.options.directories.map(scanFolder));
    if (!scans.some(({ readable }) => readable)) throw this.#unreadable(scans);
    const { sources, problems } = mergeScans(scans);
    await this.#load(sources);
    const listing = new Map<string, IndexedVersion[]>();
    for (const source of sources) {
      const loaded = this.#loaded.get(source.path);
      if (loaded && 'problem' in loaded) problems.push(loaded.problem);
      else if (loaded) listing.set(source.name, [...(listing.get(source.name) ?? []), loaded.version]);
    }
    this.#forgetAllBut(new Set(sources.map(({ path }) => path)));
    this.#report(problems);
    this.#listing = listing;
    this.#signature = signatureOf(sources);
    this.#scannedAt = performance.now();
  }

  async #load(sources: readonly Source[]): Promise<void> {
    const changed = sources.filter((source) => this.#loaded.get(source.path)?.signature !== source.signature);
    const worker = async () => {
      for (let source = changed.shift(); source; source = changed.shift())
        this.#loaded.set(source.path, await loadSource(source));
    };
    await Promise.all(Array.from({ length: LOAD_CONCURRENCY }, worker));
  }

  #forgetAllBut(paths: ReadonlySet<string>): void {
    for (const path of this.#loaded.keys()) if (!paths.has(path)) this.#loaded.delete(path);
  }

  /** Each problem is told once, when it appears. */
  #report(problems: readonly FolderProblem[]): void {
    const known = new Set(this.#problems.map(problemKey));
    this.#problems = problems;
    for (const problem of problems) if (!known.has(problemKey(problem))) this.options.onProblem?.(problem);
  }

  #unreadable(scans: readonly FolderScan[]): ChandleryError {
    const problems = scans.flatMap((scan) => scan.problems);
    this.#report(problems);
    this.#listing = new Map();
    const { registry } = this.options;
    const [first] = problems;
    return new ChandleryError(
      'registry_unavailable',
      `Registry ${registry}: ${first?.path ?? 'no folder'}: ${first?.message ?? 'is configured'}`,
      { registry },
    );
  }
}

function signatureOf(sources: readonly Source[]): string {
  const hash = createHash('sha256');
  for (const { path, signature } of sources) hash.update(`${path}\0${signature}\n`);
  return hash.digest('hex');
}

function problemKey({ path, message }: FolderProblem): string {
  return `${path}\0${message}`;
}

function mergeScans(scans: readonly FolderScan[]): { sources: Source[]; problems: FolderProblem[] } {
  const problems = scans.flatMap((scan) => scan.problems);
  const winners = new Map<string, Source>();
  for (const source of scans.flatMap((scan) => scan.sources)) {
    const key = `${source.name}@${source.version}`;
    const winner = winners.get(key);
    if (winner) problems.push({ path: source.path, message: `is hidden by the same version in ${winner.path}` });
    else winners.set(key, source);
  }
  return { sources: [...winners.values()], problems };
}

/** One bad template is a problem of its own and never hides the others. */
async function loadSource(source: Source): Promise<Loaded> {
  try {
    return { signature: source.signature, version: await readVersion(source) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const shown = error instanceof ChandleryError ? `${message}` : (code ?? message);
    return { signature: source.signature, problem: { path: source.path, message: shown } };
  }
}

async function readVersion(source: Source): Promise<IndexedVersion> {
  const { text, file } = await readManifest(source);
  const manifest = parseTemplate(text, file);
  const { name, version } = manifest.metadata;
  if (name !== source.name || version !== source.version) {
    throw new ChandleryError(
      'template_invalid',
      `${file} says ${name}@${version}, but lies where ${source.name}@${source.version} belongs`,
    );
  }
  const { digest, size } = await packSource(source);
  const entry: VersionEntry = { version, digest, size, dependencies: dependenciesOf(manifest) };
  return { source, manifest, entry: source.yanked ? { ...entry, yanked: true } : entry };
}

function dependenciesOf(manifest: TemplateManifest): DependencySpec[] {
  // Parameters of a dependency are the installer's business; the resolver needs only what decides versions.
  return (manifest.spec.dependencies ?? []).map(({ parameters: _parameters, ...spec }) => spec);
}
