import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';

/** The CLI's only reader of the environment. The rest of Chandlery's variables belong to the server. */

const DEFAULT_URL = 'http://127.0.0.1:7420';
/** A token is a line; what is longer is another file. */
const MAX_TOKEN_LENGTH = 512;

export interface Settings {
  /** Base address, with a trailing slash. */
  url: URL;
  token?: string;
  /** Where the token came from, or why there is none; shown when the server refuses it. */
  tokenSource: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Fails with exit code 2 when CHANDLERY_URL is no address of a server. */
export function readSettings(env: Environment = process.env): Settings {
  const url = baseUrl(env.CHANDLERY_URL || DEFAULT_URL);
  return { url, ...readToken(env, url) };
}

/** Whether the terminal understands cursor movements. */
export function isDumbTerminal(env: Environment = process.env): boolean {
  return env.TERM === 'dumb';
}

/** The cluster, for the one command that speaks to it itself. Fails with exit code 2 where the environment names none. */
export function readKubeconfig(env: Environment = process.env): { file: string } | { inCluster: true } {
  if (env.KUBECONFIG) return { file: env.KUBECONFIG };
  if (env.KUBERNETES_SERVICE_HOST) return { inCluster: true };
  throw new CliError({ message: 'no cluster is named', exitCode: EXIT.usage, guidance: 'Set KUBECONFIG.' });
}

/** The value of a variable that the command line names; undefined where it is not set. */
export function environmentValue(name: string, env: Environment = process.env): string | undefined {
  return env[name];
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw badUrl('is not an http or https address');
  // Not repeated in the message: it may hold a password.
  if (url.username !== '' || url.password !== '')
    throw badUrl('must not hold a user name or a password; put the token into CHANDLERY_TOKEN');
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function badUrl(what: string): CliError {
  return new CliError({
    message: `CHANDLERY_URL ${what}`,
    exitCode: EXIT.usage,
    guidance: `Set it like ${DEFAULT_URL}, or leave it out.`,
  });
}

function readToken(env: Environment, url: URL): Pick<Settings, 'token' | 'tokenSource'> {
  const given = env.CHANDLERY_TOKEN;
  if (given) return { token: checked(given.trim(), 'CHANDLERY_TOKEN'), tokenSource: 'CHANDLERY_TOKEN' };
  const file = join(env.CHANDLERY_DATA_DIR || join(homedir(), '.chandlery'), 'admin-token');
  // The file is this machine's admin token: it must not travel to whatever host CHANDLERY_URL names.
  if (!isLoopback(url))
    return { tokenSource: 'none: CHANDLERY_TOKEN is not set, and the admin token file is used for this machine only' };
  try {
    return { token: checked(readFileSync(file, 'utf8').trim(), file), tokenSource: file };
  } catch (error) {
    if (error instanceof CliError) throw error;
    return { tokenSource: `none: CHANDLERY_TOKEN is not set and ${file} cannot be read` };
  }
}

function checked(token: string, source: string): string {
  if (token.length <= MAX_TOKEN_LENGTH && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new CliError({ message: `${source} holds no token: one line of printable characters is expected`, exitCode: EXIT.usage });
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
