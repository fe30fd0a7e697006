import { ChandleryError, type ErrorCode } from '../../domain/errors.ts';
import { GIT_LIMITS } from './limits.ts';
import { type GitResult, NOT_INSTALLED } from './process.ts';

const NOT_FOUND = 404;

/** What git's own words mean, in the catalogue's codes; the first that fits counts. Last the platform's word for the same, or the status. */
const MEANINGS: ReadonlyArray<[pattern: RegExp, code: ErrorCode, what: string, system?: string | number]> = [
  [/host key verification failed|no .* host key is known/i, 'registry_unavailable', 'its host key is not the one in known_hosts'],
  [/permission denied \(/i, 'authentication', 'the ssh key is not accepted'],
  [
    /error in libcrypto|invalid format|incorrect passphrase/i,
    'authentication',
    'the ssh key cannot be read; it must have no passphrase',
  ],
  [/authentication failed|could not read username|error: 401/i, 'authentication', 'the credential is missing or not accepted'],
  [/error: 403/, 'authorization', 'the credential does not allow this'],
  [/error: 429/, 'rate_limit', 'too many requests'],
  [/redirect|error: 30\d/i, 'registry_invalid', 'it redirects, which is not followed; configure the address it redirects to'],
  [/error: 404|repository '.*' not found/, 'registry_invalid', 'no repository at this address', NOT_FOUND],
  [/not appear to be a git repository|not valid: is this a git repo/, 'registry_invalid', 'no repository at this address'],
  [/detected dubious ownership/, 'registry_invalid', 'the repository belongs to another user than the server'],
  [/not our ref|unadvertised object/, 'registry_invalid', 'it has no such commit, or does not give it out'],
  [/certificate has expired/, 'registry_unavailable', 'the certificate has expired (TLS)', 'CERT_HAS_EXPIRED'],
  [/certificate|SSL/, 'registry_unavailable', 'the certificate cannot be verified (TLS)', 'CERT_UNTRUSTED'],
  [/could not resolve/i, 'registry_unavailable', 'the host name cannot be resolved (DNS)', 'ENOTFOUND'],
  [/timed out/i, 'registry_unavailable', 'no connection in time', 'ETIMEDOUT'],
  [/connection refused|could(n't| not) connect/i, 'registry_unavailable', 'the connection was refused', 'ECONNREFUSED'],
  [
    /file size limit|file too large|out of memory|failed to map|unable to create thread/i,
    'too_large',
    'the repository is larger than allowed',
  ],
];
/** Characters of git's last words that an error repeats where their meaning is not known. */
const MAX_SHOWN = 200;

/** The failure that a run of git ended with. `what` names the repository; git's words never hold a credential, for it is given none in a URL. */
export function gitFailure(result: GitResult, what: string, registry: string): ChandleryError {
  if (result.exitCode === NOT_INSTALLED) return noGit(registry);
  // The URL and what the server says may hold any word.
  const own = result.stderr.split('\n').filter((line) => !line.startsWith('remote:'));
  const stderr = own.join('\n').replaceAll(what, 'URL');
  const found = MEANINGS.find(([pattern]) => pattern.test(stderr));
  if (found) {
    const [, code, meaning, system] = found;
    const details = typeof system === 'number' ? { registry, upstreamStatus: system } : { registry };
    const cause = typeof system === 'string' ? { cause: Object.assign(new Error(meaning), { code: system }) } : undefined;
    return new ChandleryError(code, `${what}: ${meaning}`, details, cause);
  }
  return new ChandleryError('registry_unavailable', `${what}: ${lastWords(stderr)}`, { registry });
}

/** For systems without git, or with one that lacks what the guard needs. */
export function noGit(registry: string, version?: string): ChandleryError {
  const found = version === undefined ? 'git is not installed on this server' : `this server's git is ${version}`;
  return new ChandleryError('registry_unavailable', `Registry ${registry} cannot be used: ${found}; install git 2.37 or newer`, {
    registry,
  });
}

/** The kernel stopped a fetch at the size it may have. */
export function tooLarge({ url, registry }: { url: string; registry: string }): ChandleryError {
  return new ChandleryError('too_large', `${url}: a fetch takes more bytes than are allowed (${GIT_LIMITS.packBytes})`, {
    registry,
  });
}

function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.find((line) => line.startsWith('fatal:')) ?? lines.at(-1) ?? 'git failed without a word';
  return telling.replace(/\p{Cc}/gu, ' ').slice(0, MAX_SHOWN);
}
