import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority } from '../tls/authority.ts';

/** git's own smart http server behind TLS of a private authority. */
export class TestGitHttps {
  readonly dir = mkdtempSync(join(tmpdir(), 'git-https-'));
  /** PEM file of the authority. */
  readonly ca = join(this.dir, 'ca.pem');
  /** Answers instead of git. */
  instead: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  readonly authorizations: Array<string | undefined> = [];
  /** What must be sent; undefined = nothing. */
  authorization: string | undefined;
  port = 0;
  #server: Server | ReturnType<typeof createPlainServer> | undefined;

  constructor(readonly root: string) {}

  /** `plain`: without TLS. */
  async start({ plain = false } = {}): Promise<void> {
    const authority = await makeAuthority('Authority of the git server');
    writeFileSync(this.ca, authority.ca);
    const answer = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response);
    const server = plain ? createPlainServer(answer) : createServer(await authority.issue(), answer);
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.port = (server.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => (this.#server ? this.#server.close(resolve) : resolve(undefined)));
    rmSync(this.dir, { recursive: true, force: true });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.authorizations.push(request.headers.authorization);
    if (this.instead?.(request, response)) return;
    if (this.authorization !== undefined && request.headers.authorization !== this.authorization) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: this.root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'],
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', () => sendCgi(Buffer.concat(chunks), response));
  }
}

function sendCgi(answer: Buffer, response: ServerResponse): void {
  const end = answer.indexOf('\r\n\r\n');
  const headers = answer.toString('latin1', 0, end).split('\r\n');
  for (const line of headers) {
    const at = line.indexOf(':');
    const [name, value] = [line.slice(0, at), line.slice(at + 1).trim()];
    if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(answer.subarray(end + 4));
}
