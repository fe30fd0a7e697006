import { ChandleryError } from '../errors.ts';
import { type Fields, fieldsAt, listAt, textAt, valueAt } from '../object-fields.ts';
import { addQuantities, maxQuantity, parseQuantity, type Quantity, ZERO } from '../quantity.ts';

/** What a pod asks for, by the scheduler's rules (k8s.io/component-helpers/resource): what all of it needs at its greediest moment. */

type Part = 'requests' | 'limits';

/** By resource: `cpu`, `memory`, `ephemeral-storage`, `nvidia.com/gpu`. */
export type Resources = Map<string, Quantity>;

/** `part`: which member of a container's resources. A request that is missing is its limit, as the API server fills it in. */
export function podResources(spec: unknown, part: Part, where: string): Resources {
  const containers = listAt(spec, 'containers').map((container) => containerResources(container, part, where));
  const running = containers.reduce(sum, new Map());
  const { sidecars, peak } = initResources(spec, part, where);
  const total = max(sum(running, sidecars), peak);
  // Given for the pod as a whole, they count instead of what its containers say.
  const whole = resourcesAt(spec, part, where);
  const overhead = quantitiesOf(fieldsAt(spec, 'overhead'), where);
  return sum(new Map([...total, ...whole]), part === 'requests' ? overhead : new Map());
}

/** Init containers run one after the other; those that are to be restarted (sidecars) stay beside all that follow. */
function initResources(spec: unknown, part: Part, where: string): { sidecars: Resources; peak: Resources } {
  let sidecars: Resources = new Map();
  let peak: Resources = new Map();
  for (const container of listAt(spec, 'initContainers')) {
    const own = containerResources(container, part, where);
    const isSidecar = textAt(container, 'restartPolicy') === 'Always';
    if (isSidecar) sidecars = sum(sidecars, own);
    peak = max(peak, isSidecar ? sidecars : sum(sidecars, own));
  }
  return { sidecars, peak };
}

function containerResources(container: Fields, part: Part, where: string): Resources {
  return resourcesAt(container, part, `${where}, container ${textAt(container, 'name') ?? '?'}`);
}

function resourcesAt(holder: unknown, part: Part, where: string): Resources {
  const limits = quantitiesOf(fieldsAt(holder, 'resources', 'limits'), where);
  if (part === 'limits') return limits;
  return new Map([...limits, ...quantitiesOf(fieldsAt(holder, 'resources', 'requests'), where)]);
}

/** Fails with object_invalid for a text that is no quantity. */
function quantitiesOf(fields: Fields | undefined, where: string): Resources {
  return new Map(Object.keys(fields ?? {}).map((name) => [name, quantityOf(valueAt(fields, name), `${where}: ${name}`)]));
}

export function quantityOf(value: unknown, where: string): Quantity {
  const quantity = typeof value === 'string' || typeof value === 'number' ? parseQuantity(value) : undefined;
  if (quantity) return quantity;
  const shown = JSON.stringify(value)?.slice(0, 64);
  throw new ChandleryError('object_invalid', `${where} must be a quantity such as 250m or 512Mi, not ${shown}`);
}

export function sum(a: Resources, b: Resources): Resources {
  return combined(a, b, addQuantities);
}

function max(a: Resources, b: Resources): Resources {
  return combined(a, b, maxQuantity);
}

function combined(a: Resources, b: Resources, combine: (a: Quantity, b: Quantity) => Quantity): Resources {
  const names = new Set([...a.keys(), ...b.keys()]);
  return new Map([...names].map((name) => [name, combine(a.get(name) ?? ZERO, b.get(name) ?? ZERO)]));
}
