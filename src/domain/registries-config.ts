import { type Document, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { ChandleryError, type ErrorIssue } from './errors.ts';
import {
  buildRegistryConfig,
  type Environment,
  type RegistryConfig,
  type RegistryEntry,
  registryEntrySchema,
} from './registry-entry.ts';

export type { RegistryConfig } from './registry-entry.ts';

/** `registries.yaml`: reference 2's file as it stands, plus `kind`, `default` and what the kinds need. */

/** A registry that is configured and cannot be used, and why. The others work. */
export interface RegistryProblem {
  registry: string;
  message: string;
  /** Of one that was added over the API: see RegistryView. */
  revision?: string;
}

export interface RegistriesConfig {
  registries: RegistryConfig[];
  problems: RegistryProblem[];
  /** The registry for bare names; it may be one that `problems` names, because taking another one silently would be a trap. */
  defaultName?: string;
  /** Why it is that one: somebody marked it, it is the first official one, or it is the first of all. */
  defaultBy?: 'mark' | 'type' | 'order';
}

/** Characters of a file; far above any list written by hand. */
const MAX_CONFIG_LENGTH = 1024 * 1024;
/** Uses of anchors, those inside of others counted too. */
const MAX_ALIASES = 100;

const fileSchema = z.strictObject({ registries: z.array(registryEntrySchema).max(1000).default([]) });

/**
 * Reads the text of a registries file. `${NAME}` is expanded in credential fields only. Fails with config_invalid, naming file and
 * line, when the file is not valid; a registry that merely cannot be used is listed in `problems`.
 */
export function parseRegistriesConfig(text: string, file: string, env: Environment): RegistriesConfig {
  const entries = parseEntries(text, file);
  const result: RegistriesConfig = { registries: [], problems: [] };
  for (const entry of entries) {
    const built = buildRegistryConfig(entry, file, env);
    if (typeof built === 'string') result.problems.push({ registry: entry.name, message: built });
    else result.registries.push(built);
  }
  return { ...result, ...defaultOf(entries) };
}

/** The registry for bare names: the one that is marked, else the first official one, else the first (DESIGN section 7). */
export function defaultOf(
  entries: ReadonlyArray<Pick<RegistryEntry, 'name' | 'type' | 'default'>>,
): Pick<RegistriesConfig, 'defaultName' | 'defaultBy'> {
  const [first] = entries;
  const marked = entries.find((entry) => entry.default);
  const official = entries.find((entry) => entry.type === 'official');
  if (marked) return { defaultName: marked.name, defaultBy: 'mark' };
  if (official) return { defaultName: official.name, defaultBy: 'type' };
  return first ? { defaultName: first.name, defaultBy: 'order' } : {};
}

const STRENGTH = { mark: 2, type: 1, order: 0 } as const;

/** Of files and API together: the stronger reason decides, and the files where both have the same. */
export function joinDefaults(
  files: Pick<RegistriesConfig, 'defaultName' | 'defaultBy'>,
  added: Pick<RegistriesConfig, 'defaultName' | 'defaultBy'>,
): string | undefined {
  if (files.defaultName === undefined || added.defaultName === undefined) return files.defaultName ?? added.defaultName;
  return STRENGTH[added.defaultBy ?? 'order'] > STRENGTH[files.defaultBy ?? 'order'] ? added.defaultName : files.defaultName;
}

function parseEntries(text: string, file: string): RegistryEntry[] {
  if (text.length > MAX_CONFIG_LENGTH)
    throw invalidFile(file, [{ path: file, message: `longer than ${MAX_CONFIG_LENGTH} characters` }]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw invalidFile(
      file,
      document.errors.map((error) => ({ ...place(file, lines, error.pos[0]), message: error.message })),
    );
  }
  const locate = (path: readonly PropertyKey[]) => place(file, lines, offsetOf(document, path));
  const parsed = fileSchema.safeParse(valuesOf(document, file) ?? {});
  if (!parsed.success) {
    throw invalidFile(
      file,
      parsed.error.issues.flatMap((issue) => explain(issue).map(([path, message]) => ({ ...locate(path), message }))),
    );
  }
  const conflicts = findConflicts(parsed.data.registries);
  if (conflicts.length > 0)
    throw invalidFile(
      file,
      conflicts.map(([path, message]) => ({ ...locate(path), message })),
    );
  return parsed.data.registries;
}

/** Aliases that multiply are refused by the library, in an error of its own. */
function valuesOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    throw invalidFile(file, [{ path: file, message: `its aliases stand for more than ${MAX_ALIASES} values` }]);
  }
}

type Finding = [path: readonly PropertyKey[], message: string];

function explain(issue: z.core.$ZodIssue): Finding[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [[...issue.path, key], `unknown key "${key}"`]);
  return [[issue.path, `${issue.path.join('.')}: ${issue.message}`]];
}

function findConflicts(entries: readonly RegistryEntry[]): Finding[] {
  const defaults = entries.filter((entry) => entry.default).map(({ name }) => name);
  return entries.flatMap((entry, index): Finding[] => {
    const twice = entries.findIndex(({ name }) => name === entry.name) < index;
    const second = entry.default && defaults[0] !== entry.name;
    return [
      ...(twice ? [[['registries', index, 'name'], `there is already a registry named "${entry.name}"`] as Finding] : []),
      ...(second ? [[['registries', index, 'default'], `"${defaults[0]}" is already the default registry`] as Finding] : []),
    ];
  });
}

/** Where the deepest existing node of the path stands in the text; the key itself when there is one. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true) as { items?: unknown[] } | undefined;
    const last = path[length - 1];
    const pair = parent?.items?.find((item) => (item as { key?: { value?: unknown } } | null)?.key?.value === last);
    const found = (pair as { key: { range?: number[] } } | undefined)?.key ?? document.getIn(path.slice(0, length), true);
    const offset = (found as { range?: number[] } | undefined)?.range?.[0];
    if (offset !== undefined) return offset;
  }
  return 0;
}

function place(file: string, lines: LineCounter, offset: number): Pick<ErrorIssue, 'path' | 'line' | 'column'> {
  const { line, col } = lines.linePos(offset);
  return { path: `${file}:${line}:${col}`, line, column: col };
}

function invalidFile(file: string, issues: ErrorIssue[]): ChandleryError {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return new ChandleryError('config_invalid', `${first?.path ?? file}: ${first?.message ?? 'not valid'}${more}`, { issues });
}
