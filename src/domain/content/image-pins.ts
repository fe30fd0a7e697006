import type { ValidationSubject } from '../validation.ts';
import type { ContainerView } from './containers.ts';

/** How firmly a reference says which image it means. */
export type Pin = 'digest' | 'tag' | 'moving';

const DIGEST = /@sha256:[0-9a-f]{64}$/;
const TAG = /:([A-Za-z0-9_][A-Za-z0-9._-]{0,127})$/;
/** Tags that are there to be moved. */
const MOVING = /^(latest|stable|edge|main|master|dev|develop|nightly|canary|next|current|rolling|lts)$/i;

/** A digest means the same image for ever, a tag what its owner wants today; without a tag it is `latest`. */
function pinOf(reference: string): Pin {
  if (DIGEST.test(reference)) return 'digest';
  const tag = TAG.exec(reference)?.[1];
  return tag === undefined || MOVING.test(tag) ? 'moving' : 'tag';
}

export interface UsedImage {
  reference: string;
  pin: Pin;
  /** Who uses it; absent for one that is only named in `spec.images`. */
  container?: ContainerView;
  /** Its name in `spec.images`. */
  name?: string;
}

/** Every image that a template names, each once; a reference that is all parameter is left out, since the user chooses it. */
export function imagesOf({ manifest }: ValidationSubject, containers: readonly ContainerView[]): UsedImage[] {
  const found = new Map<string, UsedImage>();
  for (const container of containers) {
    const { image } = container;
    if (image !== undefined && !image.startsWith('$')) found.set(image, { reference: image, pin: pinOf(image), container });
  }
  for (const [name, { ref, digest }] of Object.entries(manifest.spec.images ?? {})) {
    const reference = digest === undefined || ref.includes('@') ? ref : `${ref}@${digest}`;
    found.set(reference, { ...found.get(reference), reference, pin: pinOf(reference), name });
  }
  const { image } = manifest.spec.content ?? {};
  if (image !== undefined) found.set(image, { reference: image, pin: pinOf(image) });
  return [...found.values()];
}
