import { Agent, request } from 'node:https';
import { ChandleryError } from '../../src/domain/errors.ts';

export interface ApiAnswer {
  status: number;
  /** Parsed when the server says that it is JSON, else text. */
  body: unknown;
}

/** What has a kind and a name, and whatever else. */
export interface ClusterObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  [field: string]: unknown;
}

export interface ApiOptions {
  /** https://127.0.0.1:port */
  server: string;
  /** PEM. */
  ca: string;
  token: string;
}

/** A request on loopback that takes longer hangs. */
const TIMEOUT_MS = 10_000;
const FIELD_MANAGER = 'local-cluster';

/** The API of a local cluster, as far as setting it up and testing on it need one: no watching, no discovery. */
export class ClusterApi {
  private readonly agent: Agent;

  constructor(private readonly options: ApiOptions) {
    this.agent = new Agent({ ca: options.ca, keepAlive: true });
  }

  /** Sends one request; answers whatever the status is. Fails with `cluster_unavailable` when there is no answer. */
  async request(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<ApiAnswer> {
    try {
      return await this.send(method, path, body, contentType);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ChandleryError('cluster_unavailable', `${method} ${this.options.server}${path}: ${reason}`, {}, { cause: error });
    }
  }

  /** Like `request`, for those who expect success. Fails with `internal` on any other status, with what the server said. */
  async expect(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> {
    const answer = await this.request(method, path, body, contentType);
    if (answer.status < 300) return answer.body;
    throw new ChandleryError('internal', `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  /** Server-side apply under the plural name of its kind (`deployments`). */
  async apply(object: ClusterObject, plural: string): Promise<unknown> {
    const path = `${collectionPath(object.apiVersion, plural, object.metadata.namespace)}/${object.metadata.name}`;
    const query = `?fieldManager=${FIELD_MANAGER}&force=true`;
    return this.expect('PATCH', `${path}${query}`, object, 'application/apply-patch+yaml');
  }

  private send(method: string, path: string, body: unknown, contentType: string): Promise<ApiAnswer> {
    const { server, token } = this.options;
    const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': contentType }) };
    return new Promise((resolve, reject) => {
      const call = request(`${server}${path}`, { method, headers, agent: this.agent, timeout: TIMEOUT_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          const json = response.headers['content-type']?.includes('json') ?? false;
          resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text });
        });
      });
      call.once('timeout', () => call.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`))).once('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** Path of a collection: `collectionPath('apps/v1', 'deployments', 'shop')`. */
export function collectionPath(apiVersion: string, plural: string, namespace?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
}
