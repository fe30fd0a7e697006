import type { CatalogueEntry } from './entry.ts';

/** Publishing: names, versions and what is refused. */
export const PUBLISHING_ERRORS = {
  registry_read_only: {
    status: 403,
    title: 'Nothing can be published there',
    guidance: 'Publish to this server (`local`) or to another Chandlery, or hand the template to those who curate that registry.',
    registry: 'authorization',
  },
  not_owner: {
    status: 403,
    title: 'The name belongs to somebody else',
    guidance: 'Choose another name, or ask one of its owners to add you.',
    template: 'validation',
  },
  version_exists: {
    status: 409,
    title: 'This version is published already',
    guidance: 'A published version never changes: publish these bytes under a new version.',
    template: 'version',
  },
  publish_rejected: {
    status: 422,
    title: 'The template was rejected',
    guidance: 'Correct what `reasons` names, and publish it again.',
    template: 'validation',
  },
} as const satisfies Record<string, CatalogueEntry>;
