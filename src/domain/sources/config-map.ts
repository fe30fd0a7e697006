import { createHash } from 'node:crypto';
import type { KubeObject, ObjectRef } from '../cluster.ts';
import { ChandleryError } from '../errors.ts';
import { SOURCES_CONFIG_MAP, type Source, type SourceValue } from './source.ts';

/** How sources are kept: one ConfigMap of a namespace, one key per source, so that each key has owners of its own. */

const FIELD_MANAGER_PREFIX = 'chandlery-source-';
/** Kubernetes' limit for the name of a field manager, in characters. */
const MAX_FIELD_MANAGER = 128;
/** Hex digits of the suffix: 64 bits keep the few long names of a namespace apart. */
const HASH_LENGTH = 16;
/** Sources that an error names; a namespace has a handful. */
const MAX_ALTERNATIVES = 20;

/** A key that somebody wrote by hand and that says nothing usable. */
export interface BrokenSource {
  name: string;
  /** words that go after the key's name */
  reason: string;
}

export type SourceEntry = Source | BrokenSource;

export function isBroken(entry: SourceEntry): entry is BrokenSource {
  return 'reason' in entry;
}

export function sourcesRef(namespace: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: SOURCES_CONFIG_MAP };
}

/** All keys in their order; a broken one takes nothing from its neighbours. */
export function readSources(configMap: KubeObject | undefined): SourceEntry[] {
  return Object.entries(dataOf(configMap)).map(([name, text]) => readEntry(name, text));
}

/** The source of that name; undefined when there is no such key. */
function readSource(configMap: KubeObject | undefined, name: string): SourceEntry | undefined {
  return hasSource(configMap, name) ? readEntry(name, dataOf(configMap)[name]) : undefined;
}

/** The source of that name. Fails with source_not_found, naming those there are, and with source_invalid when its value cannot be read. */
export function requireSource(configMap: KubeObject | undefined, namespace: string, name: string): Source {
  const entry = readSource(configMap, name);
  if (!entry) throw sourceNotFound(configMap, namespace, name);
  if (!isBroken(entry)) return entry;
  const message = `the key "${name}" of ConfigMap ${namespace}/${SOURCES_CONFIG_MAP} ${entry.reason}`;
  throw new ChandleryError('source_invalid', message);
}

export function sourceNotFound(configMap: KubeObject | undefined, namespace: string, name: string): ChandleryError {
  const alternatives = Object.keys(dataOf(configMap)).slice(0, MAX_ALTERNATIVES);
  return new ChandleryError('source_not_found', `the namespace ${namespace} has no source "${name}"`, { alternatives });
}

export function hasSource(configMap: KubeObject | undefined, name: string): boolean {
  return Object.hasOwn(dataOf(configMap), name);
}

function dataOf(configMap: KubeObject | undefined): Record<string, unknown> {
  const data = configMap?.data;
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
}

function readEntry(name: string, text: unknown): SourceEntry {
  let value: unknown;
  try {
    value = JSON.parse(String(text));
  } catch {
    return { name, reason: 'is not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { name, reason: 'is not a JSON object' };
  const { url, displayName } = value as Record<string, unknown>;
  if (typeof url !== 'string' || url === '') return { name, reason: 'has no url' };
  return { name, url, displayName: typeof displayName === 'string' && displayName !== '' ? displayName : null };
}

/** What is written under the key. An absent or empty label is not stored. */
function sourceText({ url, displayName }: SourceValue): string {
  return JSON.stringify({ url, ...(displayName !== null && displayName !== '' && { displayName }) });
}

/**
 * What one field manager applies: its own keys and nothing else, because an apply removes what the same manager applied before and now
 * leaves out. With a resource version it holds only for the ConfigMap that was read.
 */
export function sourcesManifest(namespace: string, sources: readonly Source[], resourceVersion?: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: SOURCES_CONFIG_MAP, namespace, ...(resourceVersion !== undefined && { resourceVersion }) },
    data: Object.fromEntries(sources.map((source) => [source.name, sourceText(source)])),
  };
}

/** The field manager of one source: `chandlery-source-<name>`, past 128 characters its beginning, `-` and 16 hex digits of the name's SHA-256. */
export function sourceManager(name: string): string {
  const manager = `${FIELD_MANAGER_PREFIX}${name}`;
  if (manager.length <= MAX_FIELD_MANAGER) return manager;
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH);
  return `${manager.slice(0, MAX_FIELD_MANAGER - HASH_LENGTH - 1)}-${suffix}`;
}
