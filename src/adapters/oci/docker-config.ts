import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { ChandleryError } from '../../domain/errors.ts';
import type { OciCredentials } from './tokens.ts';

/** Credentials from a Docker `config.json`, as `docker login`, `helm registry login` and Kubernetes pull secrets write it. */

const MAX_BYTES = 1024 * 1024; // Kubernetes' limit for a Secret
const entrySchema = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
const configSchema = z.object({
  auths: z.record(z.string(), entrySchema).optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});
type Entry = z.infer<typeof entrySchema>;

/** The credential for a host (`ghcr.io`, `docker.io`, `localhost:5000`); undefined when the file has none. Fails with config_invalid. */
export async function readDockerCredentials(file: string, host: string): Promise<OciCredentials | undefined> {
  let text: string;
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile() || stats.size > MAX_BYTES) throw invalid(file, `is not a file of at most ${MAX_BYTES} bytes`);
      text = await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ChandleryError) throw error;
    throw invalid(file, `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`);
  }
  return dockerCredentials(text, file, host);
}

/**
 * Reads the text of such a file. A helper program is never started: what it would be asked for is refused in words (config_invalid).
 * Nothing of the text is repeated in an error.
 */
export function dockerCredentials(text: string, file: string, host: string): OciCredentials | undefined {
  const config = parse(text, file);
  const helpers = Object.keys(config.credHelpers ?? {}).map(hostOf);
  const [, entry] = Object.entries(config.auths ?? {}).find(([key]) => hostOf(key) === hostOf(host)) ?? [];
  const credentials = entry && fromEntry(entry, file, host);
  if (credentials && !helpers.includes(hostOf(host))) return credentials;
  const helper = helpers.includes(hostOf(host)) ? `credHelpers for ${host}` : entry && config.credsStore && 'credsStore';
  if (!helper) return undefined;
  throw invalid(
    file,
    `keeps the credential in a helper program (${helper}), and helpers are not started; log in with a file that has \`auths\`, or configure username and password`,
  );
}

function parse(text: string, file: string): z.infer<typeof configSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(file, 'is not JSON');
  }
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(file, `is not a Docker configuration: ${parsed.error.issues[0]?.path.slice(0, 1).join('.') ?? ''} is wrong`);
}

/** Keys are hosts, or URLs of old; Docker Hub is `https://index.docker.io/v1/`. */
function hostOf(key: string): string {
  const host =
    key
      .replace(/^https?:\/\//, '')
      .split('/')[0]
      ?.toLowerCase() ?? '';
  return ['index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host;
}

function fromEntry(entry: Entry, file: string, host: string): OciCredentials | undefined {
  if (entry.identitytoken) return { type: 'identity-token', token: entry.identitytoken };
  if (entry.registrytoken) return { type: 'token', token: entry.registrytoken };
  if (entry.auth) {
    const decoded = Buffer.from(entry.auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = decoded.indexOf(':');
    if (colon < 1) throw invalid(file, `the auth for ${host} is not user:password in base64`);
    return { type: 'basic', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  return entry.username ? { type: 'basic', username: entry.username, password: entry.password ?? '' } : undefined;
}

function invalid(file: string, message: string): ChandleryError {
  return new ChandleryError('config_invalid', `${file}: ${message}`);
}
