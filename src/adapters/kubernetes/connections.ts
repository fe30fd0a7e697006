import { Agent } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node';
import { type Connection, connectionOf, type KubeconfigSource, loadKubeConfig } from './config.ts';
import { LIMITS } from './limits.ts';

/** A connection with its sockets: a pool for requests, and one socket per watch or exec beside it. */
export interface Target extends Connection {
  pool: Agent;
  streams: Agent;
}

export interface Connections {
  /** The target when its credentials are still good; the way that costs nothing. */
  ready(): Target | undefined;
  /** Reads or renews the credentials; callers at the same time share one reading. */
  load(): Promise<Target>;
  /** The server refused the credentials: the configuration is read anew for the next request. */
  refused(target: Target): void;
  close(): void;
}

interface Log {
  warn(fields: object, message: string): void;
}

const INSECURE = 'the kubeconfig says insecure-skip-tls-verify: anybody on the way to the cluster can read our credentials';

/** Keeps the connection of one cluster fresh: token files, certificate files and plugins are looked at every few seconds. */
export function createConnections(source: KubeconfigSource, log?: Log): Connections {
  let config: KubeConfig | undefined;
  let target: Target | undefined;
  let freshUntil = 0;
  let flight: Promise<Target> | undefined;

  async function read(): Promise<Target> {
    config ??= await loadKubeConfig(source);
    const connection = await connectionOf(config);
    if (!target || !isDeepStrictEqual(identityOf(target), identityOf(connection))) {
      // The old sockets are left to their requests; idle ones close by themselves.
      target = { ...connection, ...createAgents(connection) };
      if (!connection.tls.rejectUnauthorized) log?.warn({ server: connection.server }, INSECURE);
    }
    target.headers = connection.headers;
    freshUntil = performance.now() + LIMITS.credentialMs;
    return target;
  }

  return {
    ready: () => (performance.now() < freshUntil ? target : undefined),
    load() {
      flight ??= read().finally(() => {
        flight = undefined;
      });
      return flight;
    },
    refused(by) {
      if (by !== target) return;
      config = undefined;
      freshUntil = 0;
    },
    close() {
      // Requests on their way are broken off as well.
      target?.pool.destroy();
      target?.streams.destroy();
      target = undefined;
      freshUntil = 0;
    },
  };
}

/** What a socket was opened with; a change needs new sockets, a new token does not. */
function identityOf({ host, port, tls }: Connection): unknown {
  return { host, port, tls };
}

function createAgents({ tls }: Connection): Pick<Target, 'pool' | 'streams'> {
  return {
    // Last in, first out: the warm connections stay warm and the others run into their idle time.
    pool: new Agent({ ...tls, keepAlive: true, maxSockets: LIMITS.sockets, scheduling: 'lifo', timeout: LIMITS.idleSocketMs }),
    streams: new Agent({ ...tls, keepAlive: false }),
  };
}
