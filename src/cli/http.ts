import type { LockFile } from '../domain/lock-file.ts';
import type { OperationKind, OperationView } from '../domain/operation.ts';
import { installId, LOCAL_CLUSTER } from '../domain/operation.ts';
import type { InstallRecord } from '../domain/store.ts';
import { auditCalls, type InstallCheck } from './http-audit.ts';
import { catalogCalls } from './http-catalog.ts';
import { deploymentCalls, type JsonCall } from './http-deployments.ts';
import { identityCalls } from './http-identity.ts';
import { packCalls } from './http-packs.ts';
import { publishingCalls } from './http-publishing.ts';
import { sourceCalls } from './http-sources.ts';
import { vulnerabilityCalls } from './http-vulnerabilities.ts';
import type { Settings } from './settings.ts';
import type { ServerEvent } from './sse.ts';
import { readEvents } from './sse.ts';
import type { Call } from './transport.ts';
import { callForText, send, unreadable } from './transport.ts';

/** The API as the CLI uses it. Every method fails with a CliError. */

export type Install = Omit<InstallRecord, 'manifest' | 'cluster'> & { id: string; dependents?: string[]; check?: InstallCheck };
export type OperationSummary = Pick<
  OperationView,
  'id' | 'kind' | 'target' | 'requester' | 'state' | 'replayOf' | 'createdAt' | 'endedAt'
>;

export interface Accepted {
  /** Id of the operation. */
  operation: string;
  joined: boolean;
}

export interface Replayed extends Accepted {
  from: string;
  keeps: string[];
}

export interface InstallBody {
  namespace: string;
  ref: string;
  acceptUnsigned?: boolean;
  force?: boolean;
  prerelease?: boolean;
  updateOnly?: string[];
  lock?: LockFile;
}

export interface ReplayBody {
  from: string;
  input?: {
    version?: string;
    acceptUnsigned?: boolean;
    force?: boolean;
    parameters?: Record<string, unknown>;
    readySeconds?: number;
    revision?: number;
  };
}

export interface OperationQuery {
  [name: string]: string | number | undefined;
  namespace?: string;
  state?: string;
  kind?: OperationKind;
  limit?: number;
}

export type HttpClient = ReturnType<typeof createHttpClient>;

const operationPath = (id: string) => `api/v1/operations/${encodeURIComponent(id)}`;

/** A client of the server that the settings name. */
export function createHttpClient(settings: Settings) {
  const json = jsonReader(settings);
  return {
    ...auditCalls(json, (call) => send(settings, call)),
    ...catalogCalls(json, (call) => callForText(settings, call)),
    ...deploymentCalls(json),
    ...identityCalls(json, (call) => callForText(settings, call)),
    ...packCalls(json),
    ...publishingCalls(json),
    ...vulnerabilityCalls(json),
    ...sourceCalls(json, (call) => callForText(settings, call)),
    install: (body: InstallBody) => json<Accepted>('operation', { method: 'POST', path: 'api/v1/installs', body }),
    installs: (namespace?: string) =>
      json<{ installs: Install[] }>('installs', { path: 'api/v1/installs', query: { namespace } }),
    installed: (namespace: string, name: string) => json<Install>('id', { path: installPath(namespace, name) }),
    uninstall: (namespace: string, name: string) =>
      json<Accepted>('operation', { method: 'DELETE', path: installPath(namespace, name) }),
    operations: (query: OperationQuery) =>
      json<{ operations: OperationSummary[]; nextCursor?: string }>('operations', { path: 'api/v1/operations', query }),
    operation: (id: string, signal?: AbortSignal) =>
      json<OperationView>('steps', { path: operationPath(id), ...(signal && { signal }) }),
    cancel: (id: string) => json<OperationView>('steps', { method: 'POST', path: `${operationPath(id)}/cancel` }),
    replay: (id: string, body: ReplayBody) =>
      json<Replayed>('operation', { method: 'POST', path: `${operationPath(id)}/replay`, body }),
    /** The history as Temporal exports it, unchanged. */
    history: (id: string) => callForText(settings, { path: `${operationPath(id)}/history` }),
    events: (id: string, after: string | undefined, signal: AbortSignal) => openEvents(settings, id, after, signal),
  };
}

function jsonReader(settings: Settings): JsonCall {
  return async <Answer>(members: string | readonly string[], call: Call): Promise<Answer> => {
    const text = await callForText(settings, call);
    try {
      const body = JSON.parse(text) as Answer | null;
      if (typeof body === 'object' && body !== null && [members].flat().some((member) => member in body)) return body;
    } catch {
      // Told below: not JSON is as wrong as JSON of something else.
    }
    throw unreadable(settings);
  };
}

/** The live stream of an operation; ends when the server ends it. Fails with a CliError when it cannot be opened. */
async function openEvents(
  settings: Settings,
  id: string,
  after: string | undefined,
  signal: AbortSignal,
): Promise<AsyncGenerator<ServerEvent | undefined>> {
  const headers = { accept: 'text/event-stream', ...(after !== undefined && { 'last-event-id': after }) };
  const response = await send(settings, { path: `${operationPath(id)}/events`, headers, signal });
  if (!response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body) throw unreadable(settings);
  return readEvents(response.body);
}

function installPath(namespace: string, name: string): string {
  return `api/v1/installs/${encodeURIComponent(installId({ cluster: LOCAL_CLUSTER, namespace, name }))}`;
}
