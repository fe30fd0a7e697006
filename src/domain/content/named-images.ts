import type { ValidationSubject } from '../validation.ts';
import { containerViews } from './containers.ts';
import { imagesOf } from './image-pins.ts';
import { contentOf } from './objects.ts';

/** The images that an archive names itself, sorted. What parameters decide is known when it is deployed. */
export function namedImages(subject: ValidationSubject): string[] {
  return imagesOf(subject, containerViews(subject, contentOf(subject)))
    .map(({ reference }) => reference)
    .filter((reference) => !reference.includes('$'))
    .sort();
}
