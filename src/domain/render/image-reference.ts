/** Image references of templates, and the parameters that replace parts of them. */

import type { ParameterValues } from '../parameters/schema.ts';
import { textForm } from '../parameters/secret-entries.ts';
import type { TemplateImage } from '../template.ts';

interface ImageParts {
  registry: string;
  repository: string;
  /** `:tag`, `@digest`, both or nothing */
  suffix: string;
}

/** Registry = everything before the first `/`, when that can be a host name. */
function partsOf(reference: string): ImageParts {
  const slash = reference.indexOf('/');
  const head = slash < 0 ? '' : reference.slice(0, slash);
  const registry = /[.:]/.test(head) || head === 'localhost' ? head : '';
  const rest = registry === '' ? reference : reference.slice(slash + 1);
  const end = rest.search(/[:@]/);
  return { registry, repository: end < 0 ? rest : rest.slice(0, end), suffix: end < 0 ? '' : rest.slice(end) };
}

function joined({ registry, repository, suffix }: ImageParts): string {
  return `${registry === '' ? '' : `${registry}/`}${repository}${suffix}`;
}

/** The reference with the parts that parameters carry put in; FULL says it all. Parts without a value stay as the template has them. */
function overridden({ ref, parameters = {} }: TemplateImage, values: ParameterValues): string {
  const valueOfPart = (part: keyof NonNullable<TemplateImage['parameters']>): string | undefined => {
    const name = parameters[part];
    const value = name === undefined || !Object.hasOwn(values, name) ? undefined : values[name];
    return value === undefined || value === null || value === '' ? undefined : textForm(value);
  };
  const full = valueOfPart('FULL');
  if (full !== undefined) return full;
  const parts = partsOf(ref);
  const whole = valueOfPart('REPO_WITH_REGISTRY');
  if (whole !== undefined) Object.assign(parts, { ...partsOf(whole), suffix: parts.suffix });
  parts.registry = valueOfPart('REGISTRY') ?? parts.registry;
  parts.repository = valueOfPart('REPO_WITHOUT_REGISTRY') ?? parts.repository;
  const tag = valueOfPart('TAG');
  if (tag !== undefined) parts.suffix = tag.startsWith('sha256:') ? `@${tag}` : `:${tag}`;
  return joined(parts);
}

/**
 * The image that a text of the template means: one named in `spec.images`, with parameters and its digest put in, else the text itself. A
 * reference that is word for word one of `spec.images` gets that one's digest: it is the same image, and pinned.
 */
export function imageOf(text: string, images: Readonly<Record<string, TemplateImage>>, values: ParameterValues): string {
  const named = Object.hasOwn(images, text) ? images[text] : undefined;
  const reference = named === undefined ? text : overridden(named, values);
  const pinned = Object.values(images).find((image) => image.ref === reference && image.digest !== undefined);
  return pinned === undefined || reference.includes('@') ? reference : `${reference}@${pinned.digest}`;
}

const IMAGE = /^[a-zA-Z0-9][a-zA-Z0-9._:/@-]*$/;
/** Longest reference that registries take, with a margin. */
const MAX_LENGTH = 512;

/** Whether a text can be an image reference at all. */
export function isImageReference(text: string): boolean {
  return text.length <= MAX_LENGTH && IMAGE.test(text);
}
