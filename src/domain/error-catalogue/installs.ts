import type { CatalogueEntry } from './entry.ts';

/** The gates of an install: choosing, fetching and checking templates. */
export const INSTALL_ERRORS = {
  policy_denied: {
    status: 403,
    title: 'Refused by policy',
    guidance: 'See which rule of which registry refused it.',
    template: 'validation',
  },
  cluster_unfit: {
    status: 422,
    title: 'The cluster does not meet the requirements',
    guidance: 'See `requires` of the template.',
    template: 'validation',
  },
  dependency_conflict: {
    status: 422,
    title: 'No set of versions fits',
    guidance: 'Loosen one of the ranges that the explanation names.',
    template: 'dependency',
  },
  dependency_missing: {
    status: 422,
    title: 'A dependency does not exist',
    guidance: 'Publish it, or configure the registry that has it.',
    template: 'dependency',
  },
  dependency_cycle: {
    status: 422,
    title: 'The dependencies form a circle',
    guidance: 'One of the templates named must drop its dependency.',
    template: 'dependency',
  },
  authentication: {
    status: 502,
    title: 'The registry refused the credential',
    guidance: 'Renew the credential of that registry.',
    registry: 'authentication',
  },
  authorization: {
    status: 502,
    title: 'The registry denied access',
    guidance: 'Give the credential of that registry the right to read.',
    registry: 'authorization',
  },
  registry_unavailable: {
    status: 502,
    title: 'The registry cannot be reached',
    guidance: 'Check the registry, then replay the operation.',
    retryable: true,
    registry: 'connection',
  },
  registry_invalid: {
    status: 502,
    title: 'The registry answered with something that is not its protocol',
    guidance: 'Check the URL and the kind of that registry.',
    registry: 'connection',
  },
  rate_limit: {
    status: 503,
    title: 'The registry limits the rate',
    guidance: 'Wait; the operation continues when the registry allows it.',
    retryable: true,
    registry: 'rate_limit',
  },
  network: {
    status: 502,
    title: 'The transfer broke off',
    guidance: 'Nothing to do: it is resumed; replay if the operation has ended.',
    retryable: true,
    registry: 'connection',
  },
  outbound_denied: {
    status: 403,
    title: 'This address may not be called',
    guidance: 'Add it to CHANDLERY_OUTBOUND_ALLOW if it is meant.',
    registry: 'connection',
  },
  digest_mismatch: {
    status: 422,
    title: 'The bytes are not the ones that were promised',
    guidance: 'Do not install this; tell the owner of the registry.',
    template: 'validation',
  },
  too_large: {
    status: 422,
    title: 'Larger than allowed',
    guidance: 'Make the archive smaller, or raise the limit.',
    template: 'validation',
  },
  archive_invalid: {
    status: 422,
    title: 'The archive is not safe to unpack',
    guidance: 'Pack it again without links, absolute or climbing paths.',
    template: 'validation',
  },
  template_invalid: {
    status: 422,
    title: 'The template is not valid',
    guidance: 'Correct the place that `errors` names.',
    template: 'validation',
  },
  untrusted: {
    status: 422,
    title: 'The content is not what its author sealed',
    guidance: 'Do not install this; tell the author.',
    template: 'validation',
  },
  scan_blocked: {
    status: 422,
    title: 'The scan found what policy does not allow',
    guidance: 'See the findings.',
    template: 'validation',
  },
  unsigned_needs_confirmation: {
    status: 422,
    title: 'Nobody signed this',
    guidance: 'Send `acceptUnsigned: true` if you accept that.',
    template: 'validation',
  },
  in_use: {
    status: 409,
    title: 'Something still needs it',
    guidance: 'Remove the dependents named first.',
    template: 'installation',
  },
} as const satisfies Record<string, CatalogueEntry>;
