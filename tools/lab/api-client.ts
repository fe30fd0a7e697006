import type { OperationView } from '../../src/domain/operation.ts';

/** How often an operation is read while one waits for it, milliseconds. */
const POLL_EVERY_MS = 100;

export interface ApiAnswer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests and tools
  body: any;
}

/** The HTTP API as a portal would call it. */
export class ApiClient {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: json && text !== '' ? JSON.parse(text) : text };
  }

  get(path: string): Promise<ApiAnswer> {
    return this.call('GET', path);
  }

  /** Starts an install and gives its operation's id; throws when it is not accepted. */
  async install(namespace: string, ref: string, more: Record<string, unknown> = {}): Promise<string> {
    return operationOf(await this.call('POST', '/api/v1/installs', { namespace, ref, ...more }));
  }

  async uninstall(namespace: string, name: string): Promise<string> {
    return operationOf(await this.call('DELETE', `/api/v1/installs/local.${namespace}.${name}`));
  }

  async replay(id: string, body: Record<string, unknown> = {}): Promise<string> {
    return operationOf(await this.call('POST', `/api/v1/operations/${id}/replay`, body));
  }

  async operation(id: string): Promise<OperationView> {
    const { status, body } = await this.get(`/api/v1/operations/${id}`);
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body as OperationView;
  }

  /** Reads the operation until `until` holds; throws after the timeout with what it saw last. */
  async waitFor(id: string, until: (operation: OperationView) => boolean, timeoutMs = 60_000): Promise<OperationView> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const operation = await this.operation(id);
      if (until(operation)) return operation;
      if (Date.now() > deadline) throw new Error(`${id} is still not there after ${timeoutMs} ms: ${JSON.stringify(operation)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
    }
  }

  /** Waits until the operation has ended. */
  ended(id: string, timeoutMs?: number): Promise<OperationView> {
    return this.waitFor(id, (operation) => operation.endedAt !== undefined, timeoutMs);
  }
}

function operationOf({ status, body }: ApiAnswer): string {
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return body.operation as string;
}
