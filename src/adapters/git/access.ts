import { lookup } from 'node:dns/promises';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { ChandleryError } from '../../domain/errors.ts';
import { isContent, type RegistryCredentials } from '../../domain/registry-credentials.ts';
import { type AddressPolicy, bareHost } from '../http/address-policy.ts';
import { authorizationHeader } from '../http/credentials.ts';
import { localEnvironment, type Setting } from './environment.ts';
import { GIT_LIMITS } from './limits.ts';

/** A repository as it is configured. */
export interface GitRemote {
  /** Name for errors. */
  registry: string;
  /** https, http, ssh or file; without a password. */
  url: string;
  credentials?: RegistryCredentials;
  /** Path of a PEM file, or its text. */
  ca?: string;
}

/** The environment in which git may reach one repository and nothing else. */
export interface GitAccess {
  env: Record<string, string>;
  release(): Promise<void>;
}

/**
 * Checks the repository's address and prepares its credential. git resolves names a second time by itself, so it is given the addresses
 * that were checked. Fails with outbound_denied, registry_unavailable (no such host) and authentication (a credential that cannot be used).
 */
export async function openAccess(remote: GitRemote, policy: AddressPolicy, dir: string): Promise<GitAccess> {
  const url = new URL(remote.url);
  if (url.protocol === 'file:')
    return { env: localEnvironment([['protocol.file.allow', 'always']]), release: async () => undefined };
  const addresses = await checkedAddresses(url, policy, remote.registry);
  // mkdtemp makes it readable for the server's user only.
  const files = await mkdtemp(join(dir, 'access-'));
  const release = () => rm(files, { recursive: true, force: true });
  try {
    const env =
      url.protocol === 'ssh:' ? await overSsh(remote, url, addresses, files) : await overHttp(remote, url, addresses, files);
    return { env, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function checkedAddresses(url: URL, policy: AddressPolicy, registry: string): Promise<string[]> {
  const host = bareHost(url.hostname);
  const found = isIP(host) ? [host] : await resolveHost(host, registry);
  // ssh is as private as https; the policy's word on plain http is not meant for it.
  const protocol = url.protocol === 'ssh:' ? 'https:' : url.protocol;
  const refusals = found.map((address) => policy.refusal({ protocol, host, address, fromPublic: false }));
  const admitted = found.filter((_, index) => refusals[index] === undefined);
  if (admitted.length > 0) return admitted;
  throw new ChandleryError('outbound_denied', `${host} may not be called: ${refusals[0] ?? 'it has no address'}`, { registry });
}

async function resolveHost(host: string, registry: string): Promise<string[]> {
  try {
    // IPv4 first: where a machine has no IPv6, its addresses only cost time.
    const found = await lookup(host, { all: true });
    return found.sort((a, b) => a.family - b.family).map(({ address }) => address);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = `${host}: the host name cannot be resolved (${code ?? 'DNS'})`;
    throw new ChandleryError('registry_unavailable', what, { registry }, { cause: error });
  }
}

async function overHttp(
  remote: GitRemote,
  url: URL,
  addresses: readonly string[],
  files: string,
): Promise<Record<string, string>> {
  const scheme = url.protocol.slice(0, -1);
  const port = url.port || (scheme === 'https' ? '443' : '80');
  const host = bareHost(url.hostname);
  const authorities = join(files, 'ca.pem');
  const own = remote.ca === undefined ? [] : [await readSecret(remote.ca)];
  await writeFile(authorities, [...rootCertificates, ...own].join('\n'), { mode: 0o600 });
  const bracketed = addresses.map((address) => (isIP(address) === 6 ? `[${address}]` : address)).join(',');
  const header = httpHeader(remote.credentials);
  return localEnvironment([
    [`protocol.${scheme}.allow`, 'always'],
    ['http.followRedirects', 'false'],
    ['http.sslVerify', 'true'],
    ['http.sslCAInfo', authorities],
    ['http.lowSpeedLimit', String(GIT_LIMITS.slowBytes)],
    ['http.lowSpeedTime', String(GIT_LIMITS.slowSeconds)],
    ...(isIP(host) ? [] : [['http.curloptResolve', `${host}:${port}:${bracketed}`] as Setting]),
    ...(header === undefined ? [] : [[`http.${url.origin}/.extraHeader`, `Authorization: ${header}`] as Setting]),
  ]);
}

/** Git hosts take a token as the password of any user, and few of them as a bearer. */
function httpHeader(credentials: RegistryCredentials | undefined): string | undefined {
  if (credentials?.type !== 'token') return authorizationHeader(credentials);
  // Checks the characters.
  authorizationHeader(credentials);
  return authorizationHeader({ type: 'basic', username: 'x-access-token', password: credentials.token });
}

async function overSsh(
  { registry, credentials }: GitRemote,
  url: URL,
  addresses: readonly string[],
  files: string,
): Promise<Record<string, string>> {
  const refuse = (why: string) => new ChandleryError('authentication', `Registry ${registry}: ${why}`, { registry });
  if (credentials?.type !== 'ssh_key') throw refuse('an ssh:// repository needs credentials of type ssh_key');
  if (credentials.known_hosts === undefined)
    throw refuse("credentials.known_hosts is missing: without the server's host key nobody could tell whose server answers");
  const key = join(files, 'key');
  const hosts = join(files, 'known_hosts');
  const read = (text: string) =>
    readSecret(text).catch((error: NodeJS.ErrnoException) => Promise.reject(refuse(`${text}: ${error.code}`)));
  await writeFile(key, withLastNewline(await read(credentials.ssh_key)), { mode: 0o600 });
  await writeFile(hosts, withLastNewline(await read(credentials.known_hosts)), { mode: 0o600 });
  const host = bareHost(url.hostname);
  const options = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: `"${hosts}"`,
    GlobalKnownHostsFile: '/dev/null',
    UpdateHostKeys: 'no',
    CheckHostIP: 'no',
    IdentityFile: `"${key}"`,
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    PreferredAuthentications: 'publickey',
    ClearAllForwardings: 'yes',
    ConnectTimeout: String(GIT_LIMITS.connectSeconds),
    ServerAliveInterval: '10',
    ServerAliveCountMax: '3',
    HostName: addresses[0] ?? host,
    // As known_hosts writes a host on another port than 22.
    HostKeyAlias: url.port && url.port !== '22' ? `[${host}]:${url.port}` : host,
  };
  const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return {
    ...localEnvironment([['protocol.ssh.allow', 'always']]),
    GIT_SSH_COMMAND: ['ssh', '-F', '/dev/null', ...words].map(shellQuoted).join(' '),
    GIT_SSH_VARIANT: 'ssh',
  };
}

/** The text itself, or what the file of that name holds. */
async function readSecret(text: string): Promise<string> {
  return isContent(text) ? text : readFile(text, 'utf8');
}

/** ssh refuses a key whose last line does not end. */
function withLastNewline(text: string): string {
  return `${text.trimEnd()}\n`;
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
