import type { OutgoingHttpHeaders } from 'node:http';
import type { ResourceType } from '../../domain/cluster.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { Identity } from '../../domain/store.ts';
import type { Discovery } from './discovery.ts';
import { impersonationHeaders } from './impersonation.ts';
import type { Call, Reply, Stream, Transport } from './transport.ts';

/** What every method of a session works with: requests that carry its impersonation, all of them. */
export interface SessionContext {
  identity: Identity;
  transport: Transport;
  discovery: Discovery;
  headers: OutgoingHttpHeaders;
  call(call: Omit<Call, 'headers'>): Promise<Reply>;
  stream(call: Omit<Call, 'headers'>): Promise<{ stream: Stream } | { reply: Reply; server: string }>;
  /** Fails with `api_unknown` when the cluster does not serve the kind. */
  typeOf(of: { apiVersion: string; kind: string }, signal: AbortSignal | undefined): Promise<ResourceType> | ResourceType;
}

/** Fails with `forbidden` for names that cannot be impersonated. */
export function createSessionContext(
  identity: Identity,
  transport: Transport,
  discovery: Discovery,
  headers: OutgoingHttpHeaders = impersonationHeaders(identity),
): SessionContext {
  return {
    identity,
    transport,
    discovery,
    headers,
    call: (call) => transport.call({ ...call, headers }),
    stream: (call) => transport.stream({ ...call, headers }),
    typeOf: ({ apiVersion, kind }, signal) => discovery.known(apiVersion, kind) ?? askType(discovery, apiVersion, kind, signal),
  };
}

async function askType(discovery: Discovery, apiVersion: string, kind: string, signal: AbortSignal | undefined) {
  const type = await discovery.resourceType(apiVersion, kind, signal);
  if (type) return type;
  throw new ChandleryError('api_unknown', `the cluster does not serve ${kind} of ${apiVersion}`);
}
