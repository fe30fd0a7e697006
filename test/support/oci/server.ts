import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../../src/embedded/ports.ts';
import { acquireOciRegistry } from '../../../tools/oci-registry.ts';
import { makeAuthority } from '../tls/authority.ts';

/**
 * Real OCI registries on loopback: go-containerregistry's (memory), and distribution's with authentication and TLS. The demo uses them
 * too, so nothing of the test framework may be imported here.
 */

export interface OciServer {
  /** `http://127.0.0.1:<port>`, or https */
  url: string;
  host: string;
  /** PEM file of its authority, where it speaks TLS. */
  ca?: string;
  close(): Promise<void>;
}

/** What htpasswd and the token server know. */
export const ROBOT = { username: 'robot', password: 'harbour-pass-0123' } as const;
/** The same as bcrypt, the only form distribution reads; cost 4. */
const ROBOT_HTPASSWD = 'robot:$2a$04$5N/WN6OQu6ia8pWij8fah.rHUh22ergk8Fsc/sqtn0RuWy6pgx3SK';
export const IDENTITY_TOKEN = 'identity-token-of-robot-0123456789';
const START_WITHIN_MS = 15_000;
const ISSUER = 'test-issuer';
const SERVICE = 'test-registry';

function cacheDir(): string {
  return process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
}

async function run(args: string[]): Promise<{ child: ChildProcess; address: string }> {
  const program = await acquireOciRegistry({
    cacheDir: cacheDir(),
    env: process.env,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: 'none' },
  });
  const address = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the registry ended with ${code}`)));
  });
  return { child, address };
}

async function answering(url: string, ca: string | undefined): Promise<void> {
  const until = Date.now() + START_WITHIN_MS;
  for (;;) {
    if (await answers(`${url}/v2/`, ca)) return;
    if (Date.now() > until) throw new Error(`${url} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function answers(url: string, ca: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = ca === undefined ? httpRequest(url) : request(url, { ca, agent: false });
    asked.once('error', () => resolve(false));
    asked.once('response', (response) => {
      response.destroy();
      resolve(true);
    });
    asked.end();
  });
}

async function started(
  args: string[],
  { ca, cleanup = async () => undefined }: { ca?: string | undefined; cleanup?: () => Promise<void> } = {},
): Promise<OciServer> {
  const { child, address } = await run(args);
  // Ctrl-C ends it before anybody closes it.
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `${ca === undefined ? 'http' : 'https'}://${address}`;
  await answering(url, ca);
  return {
    url,
    host: address,
    async close() {
      child.kill('SIGKILL');
      await ended;
      await cleanup();
    },
  };
}

/** Everybody may do everything; has the referrers API. */
export function startMemoryRegistry(): Promise<OciServer> {
  return started(['memory', '127.0.0.1:0']);
}

export interface DistributionOptions {
  auth?: 'basic' | 'token';
  /** Speaks TLS, with a certificate of its own authority. */
  tls?: boolean;
  /** Where blobs are sent to: `http://127.0.0.2:<port>`. */
  redirectTo?: string;
  /** Folder of the blobs; default one of its own. */
  root?: string;
}

/** distribution's registry; with `auth: token` a token server of ours runs beside it. */
export async function startDistribution(options: DistributionOptions = {}): Promise<OciServer & { tokens?: TokenServer }> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-oci-'));
  const port = await freePort();
  const tokens = options.auth === 'token' ? await startTokenServer() : undefined;
  await writeFile(join(dir, 'htpasswd'), `${ROBOT_HTPASSWD}\n`);
  await writeFile(join(dir, 'jwks.json'), JSON.stringify(tokens?.jwks ?? { keys: [] }));
  const auth = {
    basic: { htpasswd: { realm: 'test', path: join(dir, 'htpasswd') } },
    token: {
      token: {
        realm: tokens?.realm,
        service: SERVICE,
        issuer: ISSUER,
        jwks: join(dir, 'jwks.json'),
        signingalgorithms: ['ES256'],
      },
    },
  };
  const tls = options.tls ? await writeCertificate(dir) : undefined;
  const config = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: options.root ?? join(dir, 'data') } },
    http: { addr: `127.0.0.1:${port}`, ...(tls && { tls: tls.files }) },
    ...(options.auth && { auth: auth[options.auth] }),
    ...(options.redirectTo && { middleware: { storage: [{ name: 'redirect', options: { baseurl: options.redirectTo } }] } }),
  };
  await writeFile(join(dir, 'config.yml'), JSON.stringify(config));
  const cleanup = async (): Promise<void> => {
    await tokens?.close();
    await rm(dir, { recursive: true, force: true });
  };
  const server = await started(['serve', join(dir, 'config.yml')], { ca: tls?.authority, cleanup });
  return { ...server, ...(tokens && { tokens }), ...(tls && { ca: tls.ca }) };
}

async function writeCertificate(
  dir: string,
): Promise<{ authority: string; ca: string; files: Record<'certificate' | 'key', string> }> {
  const { ca: authority, issue } = await makeAuthority('Authority of the OCI registry');
  const { cert, key } = await issue();
  const files = { certificate: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
  const ca = join(dir, 'ca.pem');
  await writeFile(ca, authority);
  await writeFile(files.certificate, cert);
  await writeFile(files.key, key, { mode: 0o600 });
  return { authority, ca, files };
}

/** One request to the token server. */
export interface TokenAsked {
  method: string;
  scopes: string[];
  authorization: string | undefined;
}

export interface TokenServer {
  realm: string;
  jwks: unknown;
  asked: TokenAsked[];
  /** s; what the answers say */
  lifetime: number;
  /** Scopes given without a credential. */
  anonymous: RegExp;
  close(): Promise<void>;
}

/** The Docker token protocol: GET with basic or no credential, POST with an identity token. */
async function startTokenServer(): Promise<TokenServer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'ES256', use: 'sig' }] };
  const expected = `Basic ${Buffer.from(`${ROBOT.username}:${ROBOT.password}`).toString('base64')}`;
  const state = { asked: [] as TokenAsked[], lifetime: 300, anonymous: /^repository:public\/[^:]+:pull$/ };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://token');
      const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
      const scopes =
        request.method === 'POST' ? (form.get('scope') ?? '').split(' ').filter(Boolean) : url.searchParams.getAll('scope');
      const { authorization } = request.headers;
      state.asked.push({ method: request.method ?? '', scopes, authorization });
      const isRobot = authorization === expected || form.get('refresh_token') === IDENTITY_TOKEN;
      const isWrong = (authorization !== undefined || request.method === 'POST') && !isRobot;
      if (isWrong) return response.writeHead(401, { 'www-authenticate': 'Basic realm="token"' }).end();
      const granted = scopes.filter((scope) => isRobot || state.anonymous.test(scope));
      const token = signToken(privateKey, granted, state.lifetime);
      const member = request.method === 'POST' ? 'access_token' : 'token';
      return response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ [member]: token, expires_in: state.lifetime }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return Object.assign(state, { realm, jwks, close });
}

function signToken(key: KeyObject, scopes: readonly string[], lifetime: number): string {
  const now = Math.floor(Date.now() / 1000);
  const access = scopes.map((scope) => {
    const [type, name, actions = ''] = scope.split(':');
    return { type, name, actions: actions.split(',') };
  });
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: ISSUER,
    sub: 'robot',
    aud: SERVICE,
    exp: now + lifetime,
    nbf: now - 5,
    iat: now,
    jti: String(Math.random()),
    access,
  };
  const text = `${part({ typ: 'JWT', alg: 'ES256', kid: 'test' })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
