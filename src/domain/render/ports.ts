import type { WorkloadContext } from './workload-context.ts';
import type { PortEntry } from './workload-spec.ts';

/** The ports that the Service has. */
export function exposedPorts({ spec }: WorkloadContext): PortEntry[] {
  return (spec.ports ?? []).filter((port) => port.expose !== false);
}

/** Fails when two ports have one name: which of them is meant could not be told. */
export function checkPorts({ spec, fault }: WorkloadContext): void {
  const names = (spec.ports ?? []).map((port) => port.name);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) throw fault(`/ports/${twice}/name`, `port "${names[twice]}" is there twice`);
}

/** The declared port of a name or number (its own or the Service's). Fails when there is none. */
export function portNamed(
  ports: readonly PortEntry[],
  wanted: string | number,
  place: string,
  fault: WorkloadContext['fault'],
): PortEntry {
  const found =
    typeof wanted === 'string'
      ? ports.find((port) => port.name === wanted)
      : (ports.find((port) => port.port === wanted) ?? ports.find((port) => port.servicePort === wanted));
  if (found !== undefined) return found;
  const known =
    ports.length === 0 ? 'there are none' : `there are ${ports.map((port) => `${port.name} (${port.port})`).join(', ')}`;
  throw fault(place, `there is no port ${wanted} here: ${known}`);
}
