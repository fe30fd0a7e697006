import type { KubeObject } from '../../src/domain/cluster.ts';
import type { RenderedObject } from '../../src/domain/rendered.ts';
import { WAVES } from '../../src/domain/rendered.ts';
import { inParallel } from './session.ts';

interface Hooks {
  /** The objects of a wave are on their way. */
  begun(): void;
  /** All of a wave's objects are there; the next wave waits for this. */
  ended(objects: KubeObject[]): Promise<void>;
  /** Whether the object was there before. */
  isThere(item: RenderedObject): boolean;
}

const NAMESPACES = WAVES.indexOf('namespaces');

/**
 * Wave after wave, the objects of a wave at once. Nothing of a wave is begun before all of the earlier ones is there, but for new
 * Services, which need nothing but their namespace; one that is there may carry traffic, and changes with its workloads. The first
 * failure stops the rest; those under way are waited for.
 */
export async function inWaves(
  items: RenderedObject[],
  apply: (object: KubeObject) => Promise<void>,
  { begun, ended, isThere }: Hooks,
): Promise<void> {
  let failure: { error: unknown } | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
  };
  const start = (objects: KubeObject[]) =>
    inParallel(objects, async (object) => {
      if (!failure) await apply(object).catch(fail);
    });
  const services = new Set(items.filter((item) => isService(item) && !isThere(item)));
  let early: Promise<unknown> | undefined;
  for (const wave of [...new Set(items.map((item) => item.wave))].sort((a, b) => a - b)) {
    const ofWave = items.filter((item) => item.wave === wave);
    const working: Array<Promise<unknown>> = [start(objectsOf(ofWave.filter((item) => !services.has(item))))];
    if (wave !== NAMESPACES) early ??= start(objectsOf([...services]));
    if (early && ofWave.some((item) => services.has(item))) working.push(early);
    begun();
    await Promise.all(working);
    if (!failure) await ended(objectsOf(ofWave)).catch(fail);
    if (failure) break;
  }
  await early;
  if (failure) throw failure.error;
}

function objectsOf(items: RenderedObject[]): KubeObject[] {
  return items.map(({ object }) => object);
}

/** Of all kinds the one that takes the server longest: it gets an address. */
function isService({ object }: RenderedObject): boolean {
  return object.apiVersion === 'v1' && object.kind === 'Service';
}
