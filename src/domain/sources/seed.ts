import type { ClusterSession, FieldConflict } from '../cluster.ts';
import { ChandleryError, type ErrorIssue } from '../errors.ts';
import { isNamespace } from '../reference.ts';
import { sourcesManifest } from './config-map.ts';
import { type Source, sourceNameProblem, sourceUrlProblem } from './source.ts';

/** Sources that an operator gives to namespaces: written where nobody else has written, and taken away when they are no longer named. */

/** Whose fields they are: the contract's word, which clusters seeded by others know already. */
const SEEDER = 'helm-marketplace-seeder';
/** Entries of one file; more is a mistake. */
const MAX_ENTRIES = 1_000;

/** What a namespace is to have from this manager: all of it, so that one apply drops what is no longer there. */
export interface NamespaceSeed {
  namespace: string;
  sources: Source[];
}

export interface Seeded {
  namespace: string;
  source: string;
  /** Whose key it is, where it was left alone. */
  keptBy?: string;
}

/**
 * Reads a list of `{name, url, displayName?, namespace?}`, by namespace in the order of first mention. Fails with source_invalid naming
 * every entry that is wrong: half a seed would take away the other half.
 */
export function parseSeed(value: unknown, defaultNamespace: string): NamespaceSeed[] {
  if (!Array.isArray(value)) throw new ChandleryError('source_invalid', 'the sources to seed are not a list');
  if (value.length > MAX_ENTRIES)
    throw new ChandleryError('source_invalid', `${value.length} sources are more than the ${MAX_ENTRIES} that one file may seed`);
  const seeds = new Map<string, Source[]>();
  const issues: ErrorIssue[] = [];
  for (const [at, entry] of value.entries()) {
    const { source, namespace, problem } = readEntry(entry, defaultNamespace);
    const sources = seeds.get(namespace) ?? [];
    const twice = sources.some(({ name }) => name === source.name);
    const wrong = problem ?? (twice ? `name is there twice for namespace ${namespace}` : undefined);
    if (wrong !== undefined) issues.push({ path: `/${at}`, message: wrong });
    seeds.set(namespace, [...sources, source]);
  }
  if (issues.length === 0) return [...seeds].map(([namespace, sources]) => ({ namespace, sources }));
  const words = issues.map(({ path, message }) => `entry ${path.slice(1)}: ${message}`).join('; ');
  throw new ChandleryError('source_invalid', `the sources to seed are not valid: ${words}`, { issues });
}

function readEntry(
  entry: unknown,
  defaultNamespace: string,
): { source: Source; namespace: string; problem?: string | undefined } {
  const { name = '', url = '', displayName = '', namespace, ...unknown } = (entry ?? {}) as Record<string, unknown>;
  const where = typeof namespace === 'string' && namespace !== '' ? namespace : defaultNamespace;
  const source = { name: String(name), url: String(url), displayName: displayName ? String(displayName) : null };
  return { source, namespace: where, problem: entryProblem(source, where, Object.keys(unknown)) };
}

function entryProblem({ name, url }: Source, namespace: string, unknown: readonly string[]): string | undefined {
  const nameProblem = sourceNameProblem(name);
  if (nameProblem !== undefined) return `name ${nameProblem}`;
  const urlProblem = sourceUrlProblem(url);
  if (urlProblem !== undefined) return `url ${urlProblem}`;
  if (!isNamespace(namespace)) return 'namespace is not the name of a namespace';
  return unknown.length > 0 ? `${unknown.join(', ')} is not known here` : undefined;
}

/**
 * One apply of all keys, never by force. A key that somebody else owns with another value stays his: it is taken out and the rest is
 * applied again. Keys of an earlier seed that are not named any more go, unless somebody else owns them too. Fails as the cluster does.
 */
export async function seedNamespace(session: ClusterSession, seed: NamespaceSeed, signal?: AbortSignal): Promise<Seeded[]> {
  const keptBy = new Map<string, string>();
  // Each round takes at least one key out, so there are no more rounds than keys, and one.
  for (let round = 0; round <= seed.sources.length; round += 1) {
    const wanted = seed.sources.filter(({ name }) => !keptBy.has(name));
    const conflicts = await applySeed(session, { ...seed, sources: wanted }, signal);
    if (conflicts.length === 0) return seed.sources.map(({ name }) => seededOf(seed.namespace, name, keptBy.get(name)));
    for (const { field, manager } of conflicts) keptBy.set(field.replace(/^\.data\./, ''), manager);
  }
  throw new ChandleryError('internal', `the sources of namespace ${seed.namespace} cannot be seeded`);
}

function seededOf(namespace: string, source: string, keptBy: string | undefined): Seeded {
  return { namespace, source, ...(keptBy !== undefined && { keptBy }) };
}

/** The conflicts that keep it from being applied; none when it was. */
async function applySeed(
  session: ClusterSession,
  { namespace, sources }: NamespaceSeed,
  signal: AbortSignal | undefined,
): Promise<FieldConflict[]> {
  try {
    await session.apply(sourcesManifest(namespace, sources), { fieldManager: SEEDER, ...(signal && { signal }) });
    return [];
  } catch (error) {
    const conflicts = error instanceof ChandleryError && error.code === 'field_conflict' ? error.details.conflicts : undefined;
    const named = sources.map(({ name }) => `.data.${name}`);
    const ours = ((conflicts ?? []) as FieldConflict[]).filter(({ field }) => named.includes(field));
    if (ours.length === 0) throw error;
    return ours;
  }
}
