import type { SourceError } from '../domain/sources/items.ts';
import type { Source } from '../domain/sources/source.ts';
import type { JsonCall } from './http-deployments.ts';
import type { Call } from './transport.ts';

/** The API's namespace sources as the CLI uses them. Every method fails with a CliError. */

export interface SourceItems {
  source: string;
  displayName: string;
  items?: Array<Record<string, unknown>> | null;
  error?: SourceError | null;
}

type SourceBody = { url: string; displayName?: string | null };

const pathOf = (namespace: string, below: string) => `api/v1/namespaces/${encodeURIComponent(namespace)}/${below}`;
const sourcePath = (namespace: string, name: string) => pathOf(namespace, `marketplace-sources/${encodeURIComponent(name)}`);

export function sourceCalls(json: JsonCall, text: (call: Call) => Promise<string>) {
  return {
    sources: (namespace: string) => json<Source[]>('length', { path: pathOf(namespace, 'marketplace-sources') }),
    /** Whether the user may change them. */
    sourcePermissions: (namespace: string) =>
      json<{ canEdit: boolean }>('canEdit', { path: pathOf(namespace, 'marketplace-sources/permissions') }),
    source: (namespace: string, name: string) => json<Source>('url', { path: sourcePath(namespace, name) }),
    addSource: (namespace: string, body: SourceBody & { name: string }) =>
      json<Source>('url', { method: 'POST', path: pathOf(namespace, 'marketplace-sources'), body }),
    changeSource: (namespace: string, name: string, body: SourceBody) =>
      json<Source>('url', { method: 'PATCH', path: sourcePath(namespace, name), body }),
    /** The answer has no body. */
    removeSource: (namespace: string, name: string) => text({ method: 'DELETE', path: sourcePath(namespace, name) }),
    sourceItems: (namespace: string, query: { refresh?: string }) =>
      json<SourceItems[]>('length', { path: pathOf(namespace, 'marketplace-items'), query, timeoutMs: ITEMS_TIMEOUT_MS }),
  };
}

/** The server itself takes up to 30 s for the items of all sources. */
const ITEMS_TIMEOUT_MS = 40_000;
