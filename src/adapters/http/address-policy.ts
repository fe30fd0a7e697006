import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { ChandleryError } from '../../domain/errors.ts';

/** What kind of place an address is. `reserved` is everything that is none of the others, and everything unreadable. */
export type AddressClass = 'public' | 'private' | 'loopback' | 'link-local' | 'metadata' | 'reserved';

/** Where a connection is about to go. `host` is as the URL spells it (brackets and a last dot are dropped). */
interface ConnectionTarget {
  protocol: string;
  host: string;
  address: string;
  /** The request came here by redirect from a public address. */
  fromPublic: boolean;
}

export interface AddressPolicy {
  classify(address: string): AddressClass;
  /** Why the connection is refused, in words; undefined when it may be made. */
  refusal(target: ConnectionTarget): string | undefined;
}

export interface AddressPolicyOptions {
  /** Development lets loopback through, also over plain http. */
  development: boolean;
  /** CIDRs, addresses, host names and `*.suffix` names. */
  allow: readonly string[];
  /** Hosts that may be called over plain http besides; their addresses are checked as all are. */
  httpHosts?: readonly string[];
  /** Replaces the classification; tests use it to give a loopback address the part of a public one. */
  classify?: (address: string) => AddressClass;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** Addresses of cloud metadata services that lie outside the link-local range. */
const METADATA_ADDRESSES: ReadonlySet<string> = new Set([
  '169.254.169.254', // AWS, Azure, Google and most others
  '169.254.170.2', // AWS ECS task credentials
  '100.100.100.200', // Alibaba
  '168.63.129.16', // Azure host agent
  '192.0.0.192', // Oracle
  'fd00:ec2::254', // AWS
  'fd20:ce::254', // Google
]);
const CLASS_OF_RANGE: Readonly<Record<string, AddressClass>> = {
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private',
  loopback: 'loopback',
  linkLocal: 'link-local',
};
/** The only IPv6 block that holds public addresses; what ipaddr.js calls unicast outside it is deprecated or unassigned. */
const GLOBAL_UNICAST: Range = [ipaddr.IPv6.parse('2000::'), 3];
const NAT64: Range = [ipaddr.IPv6.parse('64:ff9b::'), 96];
const SIIT: Range = [ipaddr.IPv6.parse('::ffff:0:0:0'), 96];
const SIX_TO_FOUR: Range = [ipaddr.IPv6.parse('2002::'), 16];

/** Classifies a literal address. Forms that carry an IPv4 address (mapped, NAT64, SIIT, 6to4) count as that address. */
export function classifyAddress(literal: string): AddressClass {
  if (!ipaddr.isValid(literal)) return 'reserved';
  const address = embeddedAddress(ipaddr.process(literal));
  if (METADATA_ADDRESSES.has(address.toString())) return 'metadata';
  const range = address.range();
  if (range !== 'unicast') return CLASS_OF_RANGE[range] ?? 'reserved';
  return address.kind() === 'ipv4' || address.match(...GLOBAL_UNICAST) ? 'public' : 'reserved';
}

function embeddedAddress(address: Address): Address {
  if (address.kind() === 'ipv4') return address;
  const bytes = address.toByteArray();
  if (address.match(...NAT64) || address.match(...SIIT)) return new ipaddr.IPv4(bytes.slice(12));
  return address.match(...SIX_TO_FOUR) ? new ipaddr.IPv4(bytes.slice(2, 6)) : address;
}

/** Fails with config_invalid when an `allow` entry is neither a CIDR, an address nor a host name. */
export function createAddressPolicy(options: AddressPolicyOptions): AddressPolicy {
  const classify = options.classify ?? classifyAddress;
  const allow = parseAllowList(options.allow);
  const rules = { development: options.development, httpHosts: new Set((options.httpHosts ?? []).map(bareHost)) };
  return { classify, refusal: (target) => refusal(target, classify(target.address), allow, rules) };
}

interface Rules {
  development: boolean;
  httpHosts: ReadonlySet<string>;
}

function refusal(target: ConnectionTarget, kind: AddressClass, allow: AllowList, rules: Rules): string | undefined {
  // A public server must not be able to steer us into a network that only we can reach; being allowed for direct use changes nothing.
  if (target.fromPublic && kind !== 'public') return `a public server redirected to a ${kind} address`;
  const named = allow.hasName(target.host);
  const listed = allow.hasAddress(target.address);
  const local = rules.development && kind === 'loopback';
  const plain = named || listed || local || rules.httpHosts.has(bareHost(target.host));
  if (target.protocol !== 'https:' && !plain) return 'plain http is not allowed for it';
  if (listed || local || kind === 'public' || kind === 'private') return undefined;
  // A name can be made to resolve to anything, so a name alone opens loopback but never the metadata service or stranger ranges.
  if (named && kind === 'loopback') return undefined;
  return `it is a ${kind} address`;
}

interface AllowList {
  hasName(host: string): boolean;
  hasAddress(address: string): boolean;
}

function parseAllowList(entries: readonly string[]): AllowList {
  const names: string[] = [];
  const ranges: Range[] = [];
  for (const entry of entries.map((text) => text.trim().toLowerCase()).filter(Boolean)) {
    const range = parseRange(entry);
    if (range) ranges.push(range);
    else names.push(parseName(entry));
  }
  return {
    hasName: (host) => names.some((name) => matchesName(name, bareHost(host))),
    hasAddress: (address) => ipaddr.isValid(address) && inRanges(ipaddr.process(address), ranges),
  };
}

function inRanges(address: Address, ranges: readonly Range[]): boolean {
  return ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
}

function parseRange(entry: string): Range | undefined {
  if (isIP(entry)) {
    const address = ipaddr.process(entry);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  }
  return ipaddr.isValidCIDR(entry) ? ipaddr.parseCIDR(entry) : undefined;
}

function parseName(entry: string): string {
  const name = entry.replace(/\.$/, '');
  if (/^(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(name) && !/^[\d.]+$/.test(name)) return name;
  throw new ChandleryError(
    'config_invalid',
    `CHANDLERY_OUTBOUND_ALLOW: "${entry}" is neither a CIDR, an address nor a host name`,
  );
}

function matchesName(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}

/** Lower case, without the brackets of an IPv6 literal and without the dot of a fully qualified name. */
export function bareHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
