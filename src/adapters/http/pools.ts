import { rootCertificates } from 'node:tls';
import { Agent } from 'undici';
import { type AddressPolicyOptions, createAddressPolicy } from './address-policy.ts';
import { createGuardedConnector, type GuardedConnector } from './connector.ts';

/** Times in ms. Slow is told from dead by the idle limit; the total limit is per call, because an archive takes longer than a search. */
export interface ClientTimeouts {
  connect: number;
  headers: number;
  bodyIdle: number;
  total: number;
}

export const DEFAULT_TIMEOUTS: Readonly<ClientTimeouts> = Object.freeze({
  connect: 5_000, // a reachable host answers a SYN in well under a second
  headers: 15_000, // a registry that has to query upstream before its first byte
  bodyIdle: 15_000, // longer pauses mean a dead connection
  total: 30_000, // a person waits for most calls; downloads pass their own
});

const CONNECTIONS_PER_ORIGIN = 16; // one server's share; keeps a busy worker from flooding a registry
const KEEP_ALIVE_MS = 10_000; // below the idle limit of common proxies (60 s) and of Node's server (5 s is announced and honoured)
const MAX_HEADER_BYTES = 32 * 1024;

/** What the configuration of one registry changes about its connections. */
export interface RegistryTransport {
  /** PEM of certificate authorities besides the system's. */
  ca?: string;
  /** Hosts that may be called over plain http: the registry's own. */
  httpHosts?: readonly string[];
}

export interface PoolOptions extends AddressPolicyOptions {
  transportOf?: (registry: string) => RegistryTransport;
  timeouts: ClientTimeouts;
  /** PEM of extra certificate authorities. */
  ca?: string;
  /** See GuardedClientOptions. */
  strict?: boolean;
}

interface Pool {
  agent: Agent;
  connector: GuardedConnector;
}

const SIDES = ['public', 'any'] as const;
const keyOf = (registry: string, fromPublic: boolean) => `${fromPublic ? 'public' : 'any'} ${registry}`;

/** One pool per registry and side of the public line, so that a slow registry never uses up the connections of another. */
export class PoolSet {
  readonly #pools = new Map<string, Pool>();

  constructor(readonly options: PoolOptions) {}

  get(registry: string, fromPublic: boolean): Pool {
    const key = keyOf(registry, fromPublic);
    const pool = this.#pools.get(key) ?? this.#create(registry, fromPublic);
    this.#pools.set(key, pool);
    return pool;
  }

  /** Gives up the connections of one registry when what is under way on them has ended; the next call makes new ones, by its new rules. */
  forget(registry: string): void {
    for (const key of SIDES.map((side) => keyOf(registry, side === 'public'))) {
      const pool = this.#pools.get(key);
      this.#pools.delete(key);
      pool?.agent.close().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(({ agent }) => agent.destroy()));
    this.#pools.clear();
  }

  certificateExpiry(registry: string): Date | undefined {
    const ends = SIDES.flatMap(
      (side) => this.#pools.get(keyOf(registry, side === 'public'))?.connector.certificateExpiry() ?? [],
    );
    return ends.sort((a, b) => a.getTime() - b.getTime())[0];
  }

  #create(registry: string, fromPublic: boolean): Pool {
    const { ca: extra, httpHosts = [] } = this.options.transportOf?.(registry) ?? {};
    const policy = createAddressPolicy({ ...this.options, httpHosts });
    // Node takes the given roots instead of its own, so its own are named too.
    const given = [extra, this.options.ca].filter((pem) => pem !== undefined);
    const ca = extra === undefined ? given : [...rootCertificates, ...given];
    const connector = createGuardedConnector({
      policy,
      fromPublic,
      connectTimeoutMs: this.options.timeouts.connect,
      strict: this.options.strict ?? false,
      ...(ca.length > 0 && { ca }),
    });
    const agent = new Agent({
      connect: connector.connect,
      connections: CONNECTIONS_PER_ORIGIN,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: this.options.timeouts.headers,
      bodyTimeout: this.options.timeouts.bodyIdle,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    return { agent, connector };
  }
}
