import type { KubeObject } from '../cluster.ts';
import { isMap } from '../parameters/schema.ts';

const CONTAINERS = new Set(['containers', 'initContainers', 'ephemeralContainers']);

function* imagesIn(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* imagesIn(item);
  if (!isMap(value)) return;
  for (const [key, child] of Object.entries(value)) {
    const list = CONTAINERS.has(key) && Array.isArray(child) ? child : [];
    for (const container of list) if (isMap(container) && typeof container.image === 'string') yield container.image;
    // A volume that is an image.
    if (key === 'image' && isMap(child) && typeof child.reference === 'string') yield child.reference;
    yield* imagesIn(child);
  }
}

/** Every image that the objects' containers and volumes name, sorted, each once. */
export function imagesOf(objects: readonly KubeObject[]): string[] {
  return [...new Set(objects.flatMap((object) => [...imagesIn(object)]))].sort();
}
