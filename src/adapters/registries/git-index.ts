import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { digestOf } from '../../domain/content-hash.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { ListingProblem } from '../../domain/registry.ts';
import { newestFirst, templateNotFound, versionNotFound } from '../../domain/registry-versions.ts';
import { packFiles } from '../archive/pack.ts';
import type { Mirror } from '../git/mirror.ts';
import { pickRef, type RemoteRefs } from '../git/refs.ts';
import { type ReleaseTag, releaseTags } from './git-tags.ts';
import { GIT_ARCHIVE_LIMITS, type GitTemplate, type ReadTree, readTemplates } from './git-templates.ts';

/** One version and the commit or tag it is taken from. */
export interface GitVersion {
  version: string;
  template: GitTemplate;
  /** object id to fetch */
  id: string;
}

export interface GitIndex {
  /** Newest first, by name of the template. */
  versions: Map<string, GitVersion[]>;
  problems: ListingProblem[];
}

/** Parsed commits kept, by the number of their files; a commit never changes. */
const KEPT_FILES = 200_000;
/** Digests kept, by content. */
const KEPT_DIGESTS = 10_000;
/** A readme, bytes. */
const MAX_README_BYTES = 256 * 1024;

/** What the branches and tags stand for: changes when anything that is listed may have. */
export interface GitState {
  head: string;
  tags: ReleaseTag[];
  validator: string;
}

/** Reads the versions of a repository; the results of commits are kept, since a commit does not change. */
export class GitReader {
  readonly #trees = new LRUCache<string, ReadTree>({
    maxSize: KEPT_FILES,
    sizeCalculation: ({ templates }) => 1 + templates.reduce((total, { files }) => total + files.length, 0),
  });
  readonly #packed = new LRUCache<string, { digest: string; size: number }>({ max: KEPT_DIGESTS });
  readonly #folder: string;

  constructor(
    readonly config: RegistryConfig,
    readonly mirror: Mirror,
  ) {
    this.#folder = (config.path ?? '')
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/');
  }

  /** One question to the repository. Fails as the mirror does, and with registry_invalid for a ref that is not there. */
  async state(signal?: AbortSignal): Promise<GitState> {
    if (/\p{Cc}/u.test(this.#folder))
      throw new ChandleryError('registry_invalid', `Registry ${this.config.name}: path holds a control character`, {
        registry: this.config.name,
      });
    const refs: RemoteRefs = await this.mirror.refs(signal);
    const head = pickRef(refs, this.config.ref, this.config.name);
    const tags = releaseTags(refs.tags);
    const told = JSON.stringify([head, this.#folder, tags.map(({ tag, id }) => [tag, id])]);
    return { head, tags, validator: createHash('sha256').update(told).digest('hex') };
  }

  /** Runs `work` on the index as it is now, with everything in it readable. */
  async withIndex<T>(work: (index: GitIndex) => Promise<T> | T, signal?: AbortSignal, known?: GitState): Promise<T> {
    const state = known ?? (await this.state(signal));
    return this.mirror.exclusive(async () => work(await this.#index(state, signal)), signal);
  }

  /** Within `withIndex`. */
  async pack({ template, id }: GitVersion, signal?: AbortSignal): Promise<{ bytes: Buffer; digest: string }> {
    await this.mirror.fetch([id], signal);
    const contents = await this.mirror.files(template.files, signal);
    const files = template.files.map(({ path, kind, id: file }) => ({
      path,
      data: contents.get(file) ?? Buffer.alloc(0),
      executable: kind === 'executable',
    }));
    const bytes = packFiles(files, GIT_ARCHIVE_LIMITS);
    const digest = digestOf(bytes);
    this.#packed.set(template.contentKey, { digest, size: bytes.length });
    return { bytes, digest };
  }

  /** Within `withIndex`. Packs only what was never packed. */
  async digest(version: GitVersion, signal?: AbortSignal): Promise<{ digest: string; size: number }> {
    const known = this.#packed.get(version.template.contentKey);
    if (known) return known;
    const { bytes, digest } = await this.pack(version, signal);
    return { digest, size: bytes.length };
  }

  /** Within `withIndex`. Undefined where there is none, or a very large one. */
  async readme({ template, id }: GitVersion, signal?: AbortSignal): Promise<string | undefined> {
    const file = template.files.find(({ path }) => path === template.readme);
    if (!file || file.size > MAX_README_BYTES) return undefined;
    await this.mirror.fetch([id], signal);
    return (await this.mirror.files([file], signal)).get(file.id)?.toString('utf8');
  }

  async #index({ head, tags }: GitState, signal?: AbortSignal): Promise<GitIndex> {
    const index: GitIndex = { versions: new Map(), problems: [] };
    const wanted = [...tags.map(({ id }) => id), head].filter((id) => !this.#trees.has(id));
    await this.mirror.fetch(wanted, signal);
    // Tags first: what was released stays what it is when the branch moves on without a new version.
    const byTrust = [...tags].sort((a, b) => Number(a.template === undefined) - Number(b.template === undefined));
    for (const tag of byTrust) addTag(index, tag, await this.#tree(tag.id, signal));
    const found = await this.#tree(head, signal);
    if (!found) throw this.#noFolder();
    for (const { subject, message } of found.problems) index.problems.push({ subject, message });
    addHead(index, found.templates, head);
    for (const [name, versions] of index.versions) index.versions.set(name, newestFirst(versions));
    return index;
  }

  async #tree(id: string, signal?: AbortSignal): Promise<ReadTree | undefined> {
    const known = this.#trees.get(id);
    if (known) return known;
    await this.mirror.fetch([id], signal);
    const tree = await this.mirror.tree(id, this.#folder, signal);
    if (!tree) return undefined;
    const read = await readTemplates(this.mirror, tree, signal);
    this.#trees.set(id, read);
    return read;
  }

  #noFolder(): ChandleryError {
    const what = this.#folder === '' ? 'no files' : `no folder ${JSON.stringify(this.#folder.slice(0, 200))}`;
    return new ChandleryError('registry_invalid', `The repository has ${what} at ${this.config.ref ?? 'its default branch'}`, {
      registry: this.config.name,
    });
  }
}

function addTag({ versions, problems }: GitIndex, { tag, id, template, version }: ReleaseTag, read: ReadTree | undefined): void {
  for (const { subject, message } of template === undefined ? (read?.problems ?? []) : [])
    problems.push({ subject: `${tag}: ${subject}`, message });
  for (const found of read?.templates ?? []) {
    const { name, version: own } = found.manifest.metadata;
    if (template !== undefined && name !== template) continue;
    if (template !== undefined && own !== version)
      problems.push({
        subject: `${tag}: ${found.folder || 'the root folder'}`,
        message: `the template there is version ${own}, not the tag's`,
      });
    else if (!known(versions, name, own))
      versions.set(name, [...(versions.get(name) ?? []), { version: own, template: found, id }]);
  }
}

function addHead({ versions, problems }: GitIndex, templates: readonly GitTemplate[], id: string): void {
  const here = new Map<string, string>();
  for (const template of templates) {
    const { name, version } = template.manifest.metadata;
    const key = `${name}@${version}`;
    const first = here.get(key);
    if (first !== undefined)
      problems.push({ subject: template.folder, message: `is ${key} too, like ${first || 'the root folder'}` });
    else here.set(key, template.folder);
    if (!known(versions, name, version)) versions.set(name, [...(versions.get(name) ?? []), { version, template, id }]);
  }
}

function known(versions: ReadonlyMap<string, readonly GitVersion[]>, name: string, version: string): boolean {
  return versions.get(name)?.some((other) => other.version === version) ?? false;
}

/** All versions of a template, newest first. Fails with template_not_found. */
export function versionsOf({ versions }: GitIndex, registry: string, name: string): GitVersion[] {
  const found = versions.get(name);
  if (found) return found;
  throw templateNotFound(registry, name, [...versions.keys()]);
}

/** One of them. Fails with template_not_found and version_not_found. */
export function versionOf(index: GitIndex, registry: string, name: string, version: string): GitVersion {
  const versions = versionsOf(index, registry, name);
  const found = versions.find((other) => other.version === version);
  if (found) return found;
  throw versionNotFound(
    registry,
    name,
    version,
    versions.map((other) => other.version),
  );
}
