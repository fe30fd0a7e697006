import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An API of a test's own: real HTTP, answers as the test says. */

export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export type Answer = (request: Seen, response: ServerResponse) => void;

export class FakeApi {
  readonly seen: Seen[] = [];
  #server: Server | undefined;
  #port = 0;

  constructor(private readonly answers: Record<string, Answer>) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The environment that leads the CLI here. */
  get env(): Record<string, string> {
    return { CHANDLERY_URL: this.url, CHANDLERY_TOKEN: 'chy_test' };
  }

  /** Listens; again on the same port after a stop. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Breaks every connection and stops listening. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
    const path = request.url ?? '/';
    const seen = { method: request.method ?? '', path, headers: request.headers, body };
    this.seen.push(seen);
    const answer = this.answers[`${seen.method} ${path.split('?')[0]}`];
    if (answer) answer(seen, response);
    else problem(404, 'not_found', { detail: `There is nothing at ${seen.method} ${path}` })(seen, response);
  }
}

export function json(body: unknown, status = 200): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

export function problem(status: number, code: string, more: Record<string, unknown> = {}): Answer {
  const body = {
    type: `/errors/${code}`,
    title: code,
    status,
    detail: `said ${code}`,
    code,
    guidance: `guidance of ${code}`,
    instance: '/',
    ...more,
  };
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
  };
}
