import type { KubeObject } from '../cluster.ts';
import { shortHash } from './names.ts';
import { exposedPorts, portNamed } from './ports.ts';
import { defined, makeObject, nameOf, type WorkloadContext } from './workload-context.ts';
import type { DomainEntry, PortEntry } from './workload-spec.ts';

const SERVICE = { apiVersion: 'v1', kind: 'Service' };
const INGRESS = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' };

function servicePort({ name, port, servicePort = port, protocol = 'TCP' }: PortEntry): object {
  return { name, port: servicePort, targetPort: name, protocol };
}

/** The Service, named like the deployment, and for a StatefulSet the one that gives each replica a name. */
export function servicesOf(context: WorkloadContext, stateful: boolean): KubeObject[] {
  const ports = exposedPorts(context).map(servicePort);
  const { selector } = context.marks;
  const services =
    ports.length === 0 ? [] : [makeObject(context, SERVICE, nameOf(context), { spec: { type: 'ClusterIP', selector, ports } })];
  if (!stateful) return services;
  const headless = defined({
    clusterIP: 'None',
    // Replicas must find each other before they are ready.
    publishNotReadyAddresses: true,
    selector,
    ports: ports.length === 0 ? undefined : ports,
  });
  return [...services, makeObject(context, SERVICE, nameOf(context, 'headless'), { spec: headless })];
}

function portOf(context: WorkloadContext, domain: DomainEntry, place: string): PortEntry {
  const ports = exposedPorts(context);
  const fallback = ports.find((port) => port.name === 'http') ?? ports[0];
  if (domain.port !== undefined) return portNamed(ports, domain.port, `${place}/port`, context.fault);
  if (fallback === undefined) throw context.fault(place, 'a domain needs a port that is exposed: there is none');
  return fallback;
}

interface Placed {
  domain: DomainEntry;
  port: PortEntry;
}

/** What an Ingress has once for all its domains. */
function groupKey({ className = '', tls }: DomainEntry): string {
  return JSON.stringify([className, typeof tls === 'object' ? (tls.issuer ?? '') : '']);
}

function tlsOf(context: WorkloadContext, placed: readonly Placed[]): object[] | undefined {
  const secrets = new Map<string, string[]>();
  for (const { domain } of placed) {
    if (domain.tls === undefined || domain.tls === false) continue;
    const named = typeof domain.tls === 'object' ? domain.tls.secretName : undefined;
    const secretName = named ?? nameOf(context, domain.host, 'tls');
    secrets.set(secretName, [...new Set([...(secrets.get(secretName) ?? []), domain.host])]);
  }
  return secrets.size === 0 ? undefined : [...secrets].map(([secretName, hosts]) => ({ hosts, secretName }));
}

function rulesOf(context: WorkloadContext, placed: readonly Placed[]): object[] {
  const paths = new Map<string, object[]>();
  for (const { domain, port } of placed) {
    const backend = { service: { name: nameOf(context), port: { name: port.name } } };
    const path = { path: domain.path ?? '/', pathType: 'Prefix', backend };
    paths.set(domain.host, [...(paths.get(domain.host) ?? []), path]);
  }
  return [...paths].map(([host, list]) => ({ host, http: { paths: list } }));
}

function issuerMarks(placed: readonly Placed[]): Record<string, string> {
  const wishes = placed.map(({ domain }) => domain.tls);
  const issuer = wishes.flatMap((tls) => (typeof tls === 'object' ? (tls.issuer ?? []) : []))[0];
  if (issuer !== undefined) return { 'cert-manager.io/cluster-issuer': issuer };
  // `tls: true` asks for a certificate of the cluster's default issuer; this is how that is said to it.
  return wishes.includes(true) ? { 'kubernetes.io/tls-acme': 'true' } : {};
}

function ingressOf(context: WorkloadContext, key: string, placed: readonly Placed[], first: boolean): KubeObject[] {
  const [one] = placed;
  if (one === undefined) return [];
  const name = first ? nameOf(context) : nameOf(context, shortHash(key));
  const spec = defined({ ingressClassName: one.domain.className, tls: tlsOf(context, placed), rules: rulesOf(context, placed) });
  const object = makeObject(context, INGRESS, name, { spec });
  Object.assign(object.metadata, { annotations: { ...object.metadata.annotations, ...issuerMarks(placed) } });
  return [object];
}

/** One Ingress for the domains of a class and an issuer; the first is named like the deployment, others have hash digits behind it. */
export function ingressesOf(context: WorkloadContext): KubeObject[] {
  const groups = new Map<string, Placed[]>();
  for (const [index, domain] of (context.spec.domains ?? []).entries()) {
    const placed = { domain, port: portOf(context, domain, `/domains/${index}`) };
    const key = groupKey(domain);
    groups.set(key, [...(groups.get(key) ?? []), placed]);
  }
  return [...groups].flatMap(([key, placed], index) => ingressOf(context, key, placed, index === 0));
}
