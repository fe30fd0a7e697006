import { createReadStream } from 'node:fs';
import { type Command, Option } from 'commander';
import { gather, given } from './arguments.ts';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';
import type { OutputOptions } from './output.ts';

/**
 * The options that describe a registry. Secret values come from stdin or from a file: a command line is seen by everybody on the machine
 * and stays in the shell's history.
 */

export interface RegistryOptions extends OutputOptions {
  url?: string;
  type?: string;
  default?: boolean;
  allowHttp?: boolean;
  repository?: string[];
  ref?: string;
  path?: string;
  caFile?: string;
  tokenStdin?: true;
  username?: string;
  passwordStdin?: true;
  sshKeyFile?: string;
  knownHostsFile?: string;
  test?: true;
}

/** What goes into the body of a request. */
export interface RegistryBody {
  [member: string]: unknown;
}

/** A key, a bundle of certificates or a password; bytes. */
const MAX_FILE_BYTES = 128 * 1024;

export function withRegistryOptions(command: Command): Command {
  return command
    .option('--default', 'let it answer bare names')
    .option('--allow-http', 'let its host be called over plain http')
    .option('--repository <repository>', 'oci: one below the URL, where the registry has no list (may be repeated)', gather)
    .option('--ref <ref>', 'git: branch, tag or commit')
    .option('--path <path>', 'git: folder of the templates')
    .option('--ca-file <file>', 'certificate authorities it may have, PEM')
    .addOption(new Option('--token-stdin', 'read a token from stdin').conflicts(['username', 'passwordStdin', 'sshKeyFile']))
    .option('--username <user>', 'user name; with --password-stdin')
    .addOption(new Option('--password-stdin', 'read the password of --username from stdin').conflicts(['sshKeyFile']))
    .option('--ssh-key-file <file>', 'git: private key without a passphrase; with --known-hosts-file')
    .option('--known-hosts-file <file>', 'git: host keys, as ssh-keyscan prints them')
    .option('--test', 'only if the server can read it now');
}

/** The members that were given. Fails with a CliError for a file that cannot be read, or half a credential. */
export async function readRegistryBody(options: RegistryOptions): Promise<RegistryBody> {
  const { url, type, allowHttp, repository, ref, path, caFile } = options;
  return given({
    ...{ url, type, default: options.default, allowHttp, repositories: repository, ref, path },
    ca: caFile === undefined ? undefined : await readText(caFile),
    credentials: await readCredentials(options),
  });
}

async function readCredentials(options: RegistryOptions): Promise<RegistryBody | undefined> {
  const { tokenStdin, username, passwordStdin, sshKeyFile, knownHostsFile } = options;
  if (tokenStdin) return { type: 'token', token: await readLine('token') };
  if (username !== undefined || passwordStdin) {
    if (username === undefined || !passwordStdin) throw usage('--username and --password-stdin go together');
    return { type: 'basic', username, password: await readLine('password') };
  }
  if (sshKeyFile === undefined && knownHostsFile === undefined) return undefined;
  if (sshKeyFile === undefined || knownHostsFile === undefined)
    throw usage('--ssh-key-file and --known-hosts-file go together: without host keys nobody could tell whose server answers');
  return { type: 'ssh_key', ssh_key: await readText(sshKeyFile), known_hosts: await readText(knownHostsFile) };
}

async function readLine(what: string): Promise<string> {
  const text = (await collect(process.stdin, 'stdin')).replace(/\r?\n$/, '');
  if (text === '' || text.includes('\n')) throw usage(`stdin must hold the ${what}, and nothing else`);
  return text;
}

async function readText(file: string): Promise<string> {
  return await collect(createReadStream(file), file).catch((error: NodeJS.ErrnoException) => {
    throw error instanceof CliError ? error : usage(`${file} cannot be read: ${error.code}`);
  });
}

async function collect(stream: AsyncIterable<Uint8Array>, what: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw usage(`${what} holds more than ${MAX_FILE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function usage(message: string): CliError {
  return new CliError({ message, exitCode: EXIT.usage });
}
