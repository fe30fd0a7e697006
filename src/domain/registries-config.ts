import { type Document, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { ChandleryError, type ErrorIssue } from './errors.ts';
import type { RegistryKind, RegistryType } from './registry.ts';

/** `registries.yaml`: reference 2's file as it stands, plus `kind` and `default`. */

type RegistryCredentials = { type: 'token'; token: string } | { type: 'basic'; username: string; password: string };

export interface RegistryConfig {
  name: string;
  kind: RegistryKind;
  type: RegistryType;
  /** http, https or file; without user information, query, fragment and last slash */
  url: string;
  credentials?: RegistryCredentials;
}

/** A registry that is configured and cannot be used, and why. The others work. */
export interface RegistryProblem {
  registry: string;
  message: string;
}

export interface RegistriesConfig {
  registries: RegistryConfig[];
  problems: RegistryProblem[];
  /** The registry for bare names; it may be one that `problems` names, because taking another one silently would be a trap. */
  defaultName?: string;
}

/** Characters of a file; far above any list written by hand. */
const MAX_CONFIG_LENGTH = 1024 * 1024;

const credentialsSchema = z.strictObject({
  type: z.enum(['token', 'basic', 'ssh_key']),
  token: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  ssh_key: z.string().optional(),
});
const registrySchema = z.strictObject({
  name: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'use lower-case letters, digits and inner hyphens'),
  type: z.enum(['official', 'community', 'institutional', 'private']),
  url: z.string().min(1).max(2048),
  kind: z.string().default('chandlery'),
  default: z.boolean().default(false),
  credentials: credentialsSchema.optional(),
});
const fileSchema = z.strictObject({ registries: z.array(registrySchema).max(1000).default([]) });
type RegistryInput = z.infer<typeof registrySchema>;
type CredentialsInput = z.infer<typeof credentialsSchema>;

/**
 * Reads the text of a registries file. `${NAME}` is expanded in credential fields only. Fails with config_invalid, naming file and
 * line, when the file is not valid; a registry that merely cannot be used is listed in `problems`.
 */
export function parseRegistriesConfig(
  text: string,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): RegistriesConfig {
  const entries = parseEntries(text, file);
  const result: RegistriesConfig = { registries: [], problems: [] };
  for (const entry of entries) {
    const built = buildConfig(entry, env);
    if (typeof built === 'string') result.problems.push({ registry: entry.name, message: built });
    else result.registries.push(built);
  }
  const chosen = entries.find((entry) => entry.default) ?? entries.find((entry) => entry.type === 'official') ?? entries[0];
  return chosen ? { ...result, defaultName: chosen.name } : result;
}

function parseEntries(text: string, file: string): RegistryInput[] {
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
  const parsed = fileSchema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
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

type Finding = [path: readonly PropertyKey[], message: string];

function explain(issue: z.core.$ZodIssue): Finding[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [[...issue.path, key], `unknown key "${key}"`]);
  return [[issue.path, `${issue.path.join('.')}: ${issue.message}`]];
}

function findConflicts(entries: readonly RegistryInput[]): Finding[] {
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

/** The usable registry, or in words why it is not. */
function buildConfig(entry: RegistryInput, env: Readonly<Record<string, string | undefined>>): RegistryConfig | string {
  if (entry.kind !== 'chandlery') return `kind "${entry.kind}" is not supported; supported: chandlery`;
  const url = checkUrl(entry.url);
  if (typeof url === 'string') return url;
  const credentials = entry.credentials ? buildCredentials(entry.credentials, env) : undefined;
  if (typeof credentials === 'string') return credentials;
  if (credentials && url.protocol === 'file:') return 'a file:// registry takes no credentials';
  const base = { name: entry.name, kind: entry.kind, type: entry.type, url: url.href.replace(/\/+$/, '') } as const;
  return credentials ? { ...base, credentials } : base;
}

function checkUrl(text: string): URL | string {
  if (!URL.canParse(text)) return 'url: not a URL';
  const url = new URL(text);
  if (!['https:', 'http:', 'file:'].includes(url.protocol))
    return `url: ${url.protocol}// is not supported; use https, http or file`;
  if (url.username || url.password) return 'url: holds a user name or password; put them into `credentials`';
  if (url.search || url.hash) return 'url: a query or fragment has no meaning here';
  if (url.protocol === 'file:' && url.host)
    return 'url: a file:// URL names a folder of this machine, as in file:///srv/templates';
  return url;
}

function buildCredentials(
  input: CredentialsInput,
  env: Readonly<Record<string, string | undefined>>,
): RegistryCredentials | string {
  if (input.type === 'ssh_key') return 'credentials: ssh_key is for Git registries; use token or basic';
  const wanted = input.type === 'token' ? (['token'] as const) : (['username', 'password'] as const);
  const values: Record<string, string> = {};
  for (const field of wanted) {
    const expanded = expand(input[field] ?? '', env);
    if (expanded.missing !== undefined) return `credentials.${field}: the environment variable ${expanded.missing} is not set`;
    if (expanded.value === '') return `credentials.${field}: missing; type ${input.type} needs it`;
    values[field] = expanded.value;
  }
  const { token = '', username = '', password = '' } = values;
  return input.type === 'token' ? { type: 'token', token } : { type: 'basic', username, password };
}

/** An empty variable counts as missing: an empty credential would be sent as none. */
function expand(text: string, env: Readonly<Record<string, string | undefined>>): { value: string; missing?: string } {
  let missing: string | undefined;
  const value = text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const found = env[name];
    if (!found) missing ??= name;
    return found ?? '';
  });
  return missing === undefined ? { value } : { value, missing };
}
