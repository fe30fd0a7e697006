import { X509Certificate } from 'node:crypto';
import { ChandleryError, type ErrorIssue } from './errors.ts';
import { type CredentialsInput, VARIABLE } from './registry-credentials.ts';
import { buildRegistryConfig, type RegistryConfig, type RegistryEntry } from './registry-entry.ts';
import type { AddedEntry, AddedRegistry, RegistrySecrets } from './registry-store.ts';
import { unstorable } from './storable-text.ts';

/**
 * What may be said over the API: an entry as registries.yaml has it, without what reaches into the server's machine (files, folders,
 * modules, variables). Whoever may add registries need not be whoever may read the server's files.
 */

const CERTIFICATE = '-----BEGIN CERTIFICATE-----';
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
/** Hosts, key type and key, as ssh-keyscan prints them; a marker may stand before. */
const KNOWN_HOST = /^(@[a-z-]+\s+)?\S+\s+[a-z0-9@.-]+\s+[A-Za-z0-9+/]+=*(\s.*)?$/;
/** Stands before the message of a rule: the member it speaks of. */
const MEMBER = /^([a-zA-Z][\w.]*): (.*)$/s;

/** The usable registry of an entry that was sent. Fails with invalid_request; no message repeats a value. */
export function checkAddedEntry(entry: RegistryEntry): RegistryConfig {
  const issues = [...textIssues(entry), ...ownFiles(entry), ...credentialIssues(entry.credentials), ...authorityIssues(entry.ca)];
  if (issues.length > 0) throw refused(issues);
  return buildAdded(entry);
}

/** The usable registry of an entry that was checked when it was added. Fails with invalid_request where a newer rule refuses it. */
export function buildAdded({ credentials, ...entry }: RegistryEntry): RegistryConfig {
  const built = buildRegistryConfig({ ...entry, ...(credentials && { credentials: asContent(credentials) }) }, '', {});
  if (typeof built !== 'string') return built;
  const [, member, message] = MEMBER.exec(built) ?? [];
  throw refused([member === undefined ? issue('', built) : issue(member, message ?? '')]);
}

/** The entry as it was given, with its credential. Fails with config_invalid where that cannot be opened. */
export async function openEntry(
  { entry, isDefault, credential }: AddedRegistry,
  secrets: RegistrySecrets,
): Promise<RegistryEntry> {
  const open = { ...entry, default: isDefault };
  if (!credential) return open;
  const text = await secrets.unseal(credential.sealed, boundToOf(buildAdded(open)));
  return { ...open, credentials: JSON.parse(text) as CredentialsInput };
}

/** What is kept readable: everything but the credential. */
export function withoutSecrets({
  credentials: _credentials,
  default: _default,
  module: _module,
  ...entry
}: RegistryEntry): AddedEntry {
  return entry;
}

/** What a sealed credential belongs to: it cannot be opened for another registry or another address, whoever edits the row. */
export function boundToOf({ name, kind, url }: RegistryConfig): string {
  return JSON.stringify(['registry', name, kind, url]);
}

/** Whether a credential that was given for one address would be sent to another server. */
export function isSameServer(a: RegistryConfig, b: RegistryConfig): boolean {
  const [from, to] = [new URL(a.url), new URL(b.url)];
  return from.protocol === to.protocol && from.host === to.host;
}

/** The credential is sealed, and may hold anything. */
function textIssues({ credentials: _credentials, ...entry }: RegistryEntry): ErrorIssue[] {
  return Object.entries(entry).flatMap(([member, value]) => {
    const found = [value].flat().map((part) => (typeof part === 'string' ? unstorable(part) : undefined));
    const message = found.find((one) => one !== undefined);
    return message === undefined ? [] : [issue(member, message)];
  });
}

function ownFiles({ kind, module, url = '' }: RegistryEntry): ErrorIssue[] {
  const issues: ErrorIssue[] = [];
  if (kind === 'plugin' || module !== undefined)
    issues.push(
      issue(kind === 'plugin' ? 'kind' : 'module', "a plugin is a file of the server's machine; name it in registries.yaml"),
    );
  if (/^\s*file:/i.test(url))
    issues.push(issue('url', "file:// names a folder of the server's machine; name it in registries.yaml"));
  return issues;
}

function credentialIssues(credentials: CredentialsInput | undefined): ErrorIssue[] {
  if (!credentials) return [];
  const { type, ...fields } = credentials;
  const at = (field: string) => `credentials/${field}`;
  const variables = Object.entries(fields)
    .filter(([, text]) => text !== undefined && VARIABLE.test(text))
    .map(([field]) => issue(at(field), 'names a variable of the server; those are for registries.yaml, send the value itself'));
  const { ssh_key, known_hosts, docker_config } = fields;
  return [
    ...variables,
    ...(type === 'docker_config' || docker_config !== undefined
      ? [issue(at('type'), "docker_config is a file of the server's machine; send a token, or a user name and password")]
      : []),
    ...(ssh_key !== undefined && !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(ssh_key)
      ? [issue(at('ssh_key'), 'must be the private key itself, which begins with -----BEGIN; paths are for registries.yaml')]
      : []),
    ...(known_hosts !== undefined && !areKnownHosts(known_hosts)
      ? [issue(at('known_hosts'), 'must be the lines themselves, as ssh-keyscan prints them; paths are for registries.yaml')]
      : []),
  ];
}

function areKnownHosts(text: string): boolean {
  const lines = text.split('\n').map((line) => line.trim());
  const told = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return told.length > 0 && told.every((line) => KNOWN_HOST.test(line));
}

function authorityIssues(ca: string | undefined): ErrorIssue[] {
  if (ca === undefined) return [];
  // It is shown to nobody, but it is not kept as a secret either.
  if (ca.includes('PRIVATE KEY')) return [issue('ca', 'holds a private key; send the certificates only, and replace that key')];
  const blocks = ca.match(CERTIFICATES) ?? [];
  if (blocks.length > 0) return blocks.every(isReadable) ? [] : [issue('ca', 'holds a certificate that cannot be read')];
  return [issue('ca', `must be the certificates themselves in PEM form (${CERTIFICATE}); paths are for registries.yaml`)];
}

function isReadable(certificate: string): boolean {
  try {
    return new X509Certificate(certificate).subject !== undefined;
  } catch {
    return false;
  }
}

/** A single line would pass for a path; with its end it is content. */
function asContent(credentials: CredentialsInput): CredentialsInput {
  const lines = (['ssh_key', 'known_hosts'] as const).flatMap((field) => {
    const text = credentials[field];
    return text === undefined ? [] : [[field, `${text.trimEnd()}\n`]];
  });
  return { ...credentials, ...Object.fromEntries(lines) };
}

function issue(member: string, message: string): ErrorIssue {
  return { path: ['body', ...member.split('.').filter(Boolean)].join('/'), message };
}

function refused(issues: ErrorIssue[]): ChandleryError {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return new ChandleryError('invalid_request', `${first?.path}: ${first?.message}${more}`, { issues });
}
