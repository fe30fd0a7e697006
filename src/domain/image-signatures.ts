import type { PolicyBook } from './policy/book.ts';
import { findWaiver } from './policy/waivers.ts';
import { type SignatureRequirement, type SignatureVerdict, signatureNote } from './signature.ts';

/** Signatures of the images that a template names, where the policy of its registry demands them. */

/** What is known about the signatures of one image. */
export type ImageSignature =
  | { verdict: SignatureVerdict }
  /** Nobody can be asked, or nothing could be asked for; in words. */
  | { unknown: string };

/** Port. Fails with registry errors: an image that cannot be asked about must not pass for one without a signature, or with one. */
export interface ImageSignatures {
  find(image: string, requirement: SignatureRequirement, signal?: AbortSignal): Promise<ImageSignature>;
}

/** One image, held against the requirement. */
export interface JudgedImage {
  image: string;
  verified: boolean;
  /** for people */
  note: string;
}

/** The rule by which waivers name it. */
export const IMAGES_RULE = 'images-signed';
/** Images of one template that are asked for; the largest stacks name a dozen. */
const MAX_IMAGES = 50;

/** Fails as the port does. */
export async function judgeImages(
  images: readonly string[],
  requirement: SignatureRequirement,
  { signatures, signal }: { signatures: ImageSignatures | undefined; signal: AbortSignal },
): Promise<JudgedImage[]> {
  const judged: JudgedImage[] = [];
  for (const image of images.slice(0, MAX_IMAGES)) {
    signal.throwIfAborted();
    const found = (await signatures?.find(image, requirement, signal)) ?? { unknown: 'this server does not look at images' };
    judged.push({ image, ...wordsOf(found) });
  }
  for (const image of images.slice(MAX_IMAGES, MAX_IMAGES + 1))
    judged.push({ image, verified: false, note: `it is one of more than ${MAX_IMAGES}, which were not looked at` });
  return judged;
}

/** Those that are not signed as demanded, in one sentence; undefined where all are. */
export function unsignedImages(judged: readonly JudgedImage[]): string | undefined {
  const wrong = judged.filter(({ verified }) => !verified).map(({ image, note }) => `${image.slice(0, 300)}: ${note}`);
  return wrong.length === 0 ? undefined : `images must be signed here: ${wrong.join('; ')}`;
}

/** Whether somebody answers for this template's images at this moment (ms since the epoch). */
export function areWaived(
  { waivers }: Pick<PolicyBook, 'waivers'>,
  what: { registry: string; template: string; version: string },
  now: number,
): boolean {
  return findWaiver(waivers, { ...what, rule: IMAGES_RULE }, now).waiver !== undefined;
}

function wordsOf(found: ImageSignature): Omit<JudgedImage, 'image'> {
  if ('unknown' in found) return { verified: false, note: found.unknown };
  const { verdict } = found;
  const verified = verdict.state === 'verified';
  return { verified, note: signatureNote(verdict) };
}
