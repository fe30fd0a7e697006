import type { V1APIResourceList } from '@kubernetes/client-node';
import type { ResourceType } from '../../domain/cluster.ts';
import { replyFailure } from './failures.ts';
import { LIMITS } from './limits.ts';
import { groupVersionPath, splitApiVersion } from './paths.ts';
import type { Reply, Transport } from './transport.ts';
import { protocolFailure } from './wire-failures.ts';

type Kinds = ReadonlyMap<string, ResourceType>;

interface Entry {
  kinds: Kinds;
  readAt: number;
}

/** What the cluster serves. One memory for all sessions: every authenticated user may read it, so it is read as ourselves. */
export interface Discovery {
  /** From memory, where it is there and fresh; the way that costs nothing. */
  known(apiVersion: string, kind: string): ResourceType | undefined;
  /** Undefined when the kind is not served. Callers at the same time share one request; the signal ends only this caller's wait. */
  resourceType(apiVersion: string, kind: string, signal?: AbortSignal): Promise<ResourceType | undefined>;
  /** A definition of custom resources, `<plural>.<group>`, was just changed: what is remembered of its group may be wrong. */
  forget(definition: string): void;
}

export function createDiscovery(transport: Transport): Discovery {
  const entries = new Map<string, Entry>();
  const flights = new Map<string, Promise<Kinds>>();

  function fresh(apiVersion: string, kind: string): Kinds | undefined {
    const entry = entries.get(apiVersion);
    if (!entry) return undefined;
    // A kind that is not in the list may have come since; one that is there stays for the longer time.
    const lifetime = entry.kinds.has(kind) ? LIMITS.discoveryMs : LIMITS.discoveryMissMs;
    return performance.now() - entry.readAt < lifetime ? entry.kinds : undefined;
  }

  function read(apiVersion: string): Promise<Kinds> {
    const running = flights.get(apiVersion);
    if (running) return running;
    const flight = fetchKinds(transport, apiVersion)
      .then((kinds) => {
        forgetOldest(entries);
        entries.set(apiVersion, { kinds, readAt: performance.now() });
        return kinds;
      })
      .finally(() => flights.delete(apiVersion));
    flights.set(apiVersion, flight);
    return flight;
  }

  return {
    forget(definition) {
      const group = definition.slice(definition.indexOf('.') + 1);
      for (const apiVersion of entries.keys()) if (splitApiVersion(apiVersion).group === group) entries.delete(apiVersion);
    },
    known: (apiVersion, kind) => fresh(apiVersion, kind)?.get(kind),
    async resourceType(apiVersion, kind, signal) {
      signal?.throwIfAborted();
      const kinds = fresh(apiVersion, kind) ?? (await untilAborted(read(apiVersion), signal));
      return kinds.get(kind);
    },
  };
}

/** Callers name the apiVersion, so their number has no bound of its own. */
const MAX_ENTRIES = 500;

function forgetOldest(entries: Map<string, Entry>): void {
  const [oldest] = entries.keys();
  if (entries.size >= MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
}

async function fetchKinds(transport: Transport, apiVersion: string): Promise<Kinds> {
  const reply = await transport.call({ method: 'GET', path: groupVersionPath(apiVersion), maxBytes: LIMITS.discoveryBytes });
  if (reply.status === 404) return new Map();
  const { group, version } = splitApiVersion(apiVersion);
  if (reply.status !== 200) throw replyFailure(reply, { verb: 'get', group, resource: apiVersion });
  return kindsOf(parseJson<V1APIResourceList>(reply), group, version);
}

/** Subresources (`deployments/scale`) are passed over: they have kinds of other groups. */
function kindsOf(list: V1APIResourceList, group: string, version: string): Kinds {
  const kinds = new Map<string, ResourceType>();
  for (const { name, kind, namespaced } of list.resources ?? []) {
    if (!name.includes('/')) kinds.set(kind, { group, version, kind, plural: name, namespaced });
  }
  return kinds;
}

/** The body as JSON; fails with `cluster_unavailable` when it is something else. */
export function parseJson<Value>(reply: Reply): Value {
  try {
    return JSON.parse(reply.body.toString('utf8'));
  } catch {
    throw protocolFailure('the cluster', 'the body is not JSON');
  }
}

function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
