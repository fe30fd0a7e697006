import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { delimiter, dirname, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { parseDocument } from 'yaml';
import { ChandleryError } from '../../domain/errors.ts';

/** Where the cluster and our own credentials are written. */
export interface KubeconfigSource {
  /** Path, or several as in KUBECONFIG. */
  file?: string;
  /** The pod's own service account. */
  inCluster?: boolean;
  /** Default: the file's current context. */
  context?: string;
}

/** Everything needed to speak to the server as ourselves. */
export interface Connection {
  host: string;
  port: number;
  /** Path before `/api`, without a trailing slash; mostly ''. */
  basePath: string;
  /** For messages. */
  server: string;
  tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
  headers: Record<string, string>;
}

interface RawUser {
  tokenFile?: unknown;
  token?: unknown;
  [member: string]: unknown;
}

/** Not imported at the top: the library takes 0.4 s of computing, and a process without a cluster never needs it. */
export function importLibrary(): Promise<typeof import('@kubernetes/client-node')> {
  return import('@kubernetes/client-node');
}

/**
 * Reads the configuration. Fails with `cluster_unavailable` when there is none, `config_invalid` when it cannot be used. Texts of
 * parsers are left out of errors: they quote the file, and the file holds tokens.
 */
export async function loadKubeConfig(source: KubeconfigSource): Promise<KubeConfig> {
  const { KubeConfig } = await importLibrary();
  const config = new KubeConfig();
  if (source.inCluster) config.loadFromCluster();
  else await loadFiles(config, KubeConfig, source.file);
  if (source.context !== undefined) config.setCurrentContext(source.context);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw invalid(`the context ${JSON.stringify(config.getCurrentContext())} does not exist or names no cluster`);
  if (!config.getCurrentUser()) throw invalid(`the context ${JSON.stringify(config.getCurrentContext())} names no user`);
  if (cluster.proxyUrl) throw invalid('proxy-url is not supported; give Chandlery a direct way to the API server');
  return config;
}

async function loadFiles(config: KubeConfig, Config: typeof KubeConfig, file: string | undefined): Promise<void> {
  const paths = (file ?? '').split(delimiter).filter(Boolean);
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => undefined)));
  // As kubectl: of several files those that are not there are passed over.
  const found = paths.flatMap((path, index) => (texts[index] === undefined ? [] : [{ path, text: texts[index] }]));
  if (found.length === 0) {
    throw new ChandleryError('cluster_unavailable', `no kubeconfig can be read${file ? ` at ${file}` : ': none is configured'}`);
  }
  for (const { path, text } of found) {
    const one = new Config();
    try {
      one.loadFromString(JSON.stringify(readYaml(text, path)));
      one.makePathsAbsolute(dirname(path));
      config.mergeConfig(one, config.getCurrentContext() !== undefined);
    } catch (error) {
      if (error instanceof ChandleryError) throw error;
      throw invalid(`the kubeconfig ${path} is not valid: a cluster, user or context is incomplete or named twice`);
    }
  }
}

function readYaml(text: string, path: string): unknown {
  const document = parseDocument(text);
  const line = document.errors[0]?.linePos?.[0].line;
  if (document.errors.length > 0) throw invalid(`the kubeconfig ${path} is not valid YAML${line ? ` (line ${line})` : ''}`);
  const config: unknown = document.toJS({ maxAliasCount: 0 });
  if (typeof config !== 'object' || config === null) throw invalid(`the kubeconfig ${path} is empty`);
  for (const entry of (config as { users?: Array<{ user?: RawUser }> }).users ?? []) useTokenFile(entry.user, dirname(path));
  return config;
}

/** The library knows `tokenFile` only as an auth provider (then it reads the file again every minute) and drops kubectl's own member. */
function useTokenFile(user: RawUser | undefined, directory: string): void {
  if (typeof user?.tokenFile !== 'string') return;
  user['auth-provider'] = { name: 'tokenFile', config: { tokenFile: resolve(directory, user.tokenFile) } };
  delete user.token;
}

/** The server's address with our present credentials; runs a credential plugin or reads a token file where the configuration says so. */
export async function connectionOf(config: KubeConfig): Promise<Connection> {
  const url = serverUrl(config.getCurrentCluster()?.server ?? '');
  const options: RequestOptions = { headers: {} };
  try {
    await config.applyToHTTPSOptions(options);
  } catch {
    // The plugin's or parser's text may hold a credential.
    const plugin: { command?: unknown } | undefined = config.getCurrentUser()?.exec;
    const what = plugin ? `run ${JSON.stringify(plugin.command)} by hand to see why` : 'check the files it names';
    throw new ChandleryError('cluster_unavailable', `the credentials of the kubeconfig cannot be read; ${what}`);
  }
  const { ca, cert, key, servername } = options;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 443),
    basePath: url.pathname.replace(/\/+$/, ''),
    server: url.origin,
    headers: ownHeaders(options),
    tls: {
      // Always said, so that NODE_TLS_REJECT_UNAUTHORIZED decides nothing here.
      rejectUnauthorized: options.rejectUnauthorized !== false,
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(servername && { servername }),
    },
  };
}

function ownHeaders({ headers, auth }: RequestOptions): Record<string, string> {
  const own: Record<string, string> = {};
  // A token file ends with a newline, which no header may hold.
  for (const [name, value] of Object.entries(headers ?? {})) own[name] = String(value).trim();
  if (auth) own.Authorization = `Basic ${Buffer.from(auth, 'utf8').toString('base64')}`;
  return own;
}

function serverUrl(server: string): URL {
  if (!URL.canParse(server)) throw invalid('the address of the cluster in the kubeconfig is not a URL');
  const url = new URL(server);
  if (url.protocol !== 'https:') throw invalid(`the cluster ${url.origin} is not https; a credential is never sent in the clear`);
  return url;
}

function invalid(message: string): ChandleryError {
  return new ChandleryError('config_invalid', message);
}
