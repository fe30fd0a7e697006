import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { TLSSocket } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { buildConnector } from 'undici';
import { ChandleryError } from '../../domain/errors.ts';
import { type AddressPolicy, bareHost } from './address-policy.ts';
import { allowEndWhilePaused } from './paused-end.ts';

export interface GuardedConnector {
  connect: buildConnector.connector;
  /** Whether the origin was ever reached at a public address; true when it is not known. */
  isPublic(origin: string): boolean;
  /** The earliest end of validity among the certificates seen; undefined when there was none. */
  certificateExpiry(): Date | undefined;
}

export interface ConnectorOptions {
  policy: AddressPolicy;
  /** Connections of this connector follow a redirect by a public server. */
  fromPublic: boolean;
  /** ms for TCP and TLS together */
  connectTimeoutMs: number;
  /** PEM of extra roots, for registries with their own certificate authority. */
  ca?: readonly string[];
  /** See GuardedClientOptions. */
  strict?: boolean;
}

/** Origins remembered per connector; a forgotten one counts as public, which only makes the guard stricter. */
const REMEMBERED_ORIGINS = 1000;

interface Origin {
  /** One per origin, because it keeps the origin's TLS sessions. */
  dial: buildConnector.connector;
  reachedPublic: boolean | undefined;
}

/**
 * Opens sockets only to addresses the policy lets through. The check is made on the very addresses the socket is given, after name
 * resolution, so a name that resolves differently a second time gains nothing.
 */
export function createGuardedConnector(options: ConnectorOptions): GuardedConnector {
  const origins = new LRUCache<string, Origin>({ max: REMEMBERED_ORIGINS });
  const expiries = new LRUCache<string, number>({ max: REMEMBERED_ORIGINS });
  const connect: buildConnector.connector = (target, callback) => {
    const context = { ...options, protocol: target.protocol, host: bareHost(target.hostname) };
    const key = originOf(target.protocol, target.hostname, target.port);
    const admit = (addresses: readonly string[]) => {
      const admitted = admitAddresses(addresses, context);
      const isPublic = admitted.some((address) => options.policy.classify(address) === 'public');
      if (origin.reachedPublic !== true) origin.reachedPublic = isPublic;
      return admitted;
    };
    const origin = origins.get(key) ?? { dial: buildDialer(options, admit), reachedPublic: undefined };
    origins.set(key, origin);
    try {
      // `lookup` is never called for a literal, so literals are checked here.
      if (isIP(context.host)) admit([context.host]);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    origin.dial(target, (...answer) => {
      const [, socket] = answer;
      const end = socket instanceof TLSSocket ? Date.parse(socket.getPeerCertificate().valid_to) : Number.NaN;
      // A session that is taken up again shows no certificate; the one it began with still holds.
      if (!Number.isNaN(end)) expiries.set(key, end);
      if (socket) allowEndWhilePaused(socket);
      callback(...answer);
    });
  };
  const certificateExpiry = () => {
    const ends = [...expiries.values()];
    return ends.length === 0 ? undefined : new Date(Math.min(...ends));
  };
  return { connect, isPublic: (origin) => origins.get(origin)?.reachedPublic ?? true, certificateExpiry };
}

function buildDialer(options: ConnectorOptions, admit: (addresses: readonly string[]) => string[]): buildConnector.connector {
  return buildConnector({
    timeout: options.connectTimeoutMs,
    lookup: guardedLookup(admit),
    ...(options.ca ? { ca: [...options.ca] } : {}),
  });
}

interface AdmitContext {
  protocol: string;
  host: string;
  policy: AddressPolicy;
  fromPublic: boolean;
  strict?: boolean;
}

function admitAddresses(addresses: readonly string[], { protocol, host, policy, fromPublic, strict }: AdmitContext): string[] {
  const refusals = addresses.map((address) => policy.refusal({ protocol, host, address, fromPublic }));
  const admitted = addresses.filter((_, index) => refusals[index] === undefined);
  if (admitted.length > 0 && (!strict || admitted.length === addresses.length)) return admitted;
  const why = refusals.find((refusal) => refusal !== undefined) ?? 'it has no address';
  throw new ChandleryError('outbound_denied', `${host} may not be called: ${why}`);
}

function guardedLookup(admit: (addresses: readonly string[]) => string[]): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return callback(error, '');
      try {
        const admitted = new Set(admit(found.map(({ address }) => address)));
        const usable = found.filter(({ address }) => admitted.has(address));
        if (options.all) return callback(null, usable);
        const [first] = usable;
        return callback(null, first?.address ?? '', first?.family);
      } catch (refused) {
        return callback(refused as Error, '');
      }
    });
  };
}

function originOf(protocol: string, hostname: string, port: string): string {
  const defaultPort = protocol === 'https:' ? '443' : '80';
  const host = isIP(hostname) === 6 ? `[${hostname}]` : hostname.toLowerCase();
  return `${protocol}//${host}${port && port !== defaultPort ? `:${port}` : ''}`;
}
