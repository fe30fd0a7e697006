import type { CatalogueEntry } from './entry.ts';

/** What a request can get wrong, and what it may not be found. */
export const REQUEST_ERRORS = {
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    guidance: 'Correct the fields named in `errors` and send it again.',
  },
  invalid_reference: {
    status: 400,
    title: 'The template reference is not valid',
    guidance: 'Write it as NAME, NAME@RANGE or REGISTRY/NAME@RANGE, for example default/redis@^7.0.0.',
    template: 'version',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credential',
    guidance: 'Send `Authorization: Bearer <token>`; the admin token file is named when the server starts.',
  },
  forbidden: { status: 403, title: 'Not allowed', guidance: 'Ask an administrator for the right named in `detail`.' },
  not_found: { status: 404, title: 'Not found', guidance: 'Check the path and the identifier.' },
  template_not_found: {
    status: 404,
    title: 'No such template',
    guidance: 'Search for it by another word, or name the registry that has it.',
    template: 'installation',
  },
  version_not_found: {
    status: 404,
    title: 'No such version',
    guidance: 'List the versions of the template and choose one of them.',
    template: 'version',
  },
  registry_not_found: { status: 404, title: 'No such registry', guidance: 'Name one of the configured registries.' },
  install_not_found: { status: 404, title: 'Not installed', guidance: 'List what is installed in the namespace.' },
  operation_not_found: {
    status: 404,
    title: 'No such operation',
    guidance: 'List the operations; an id is answered when a request is accepted.',
  },
  target_busy: {
    status: 409,
    title: 'Another operation runs on this target',
    guidance: 'Wait for the operation in `operation`, or cancel it.',
  },
  superseded: {
    status: 409,
    title: 'A later operation on this target succeeded',
    guidance: 'Replay with `from: start` to run everything again.',
  },
  operation_running: { status: 409, title: 'The operation has not ended', guidance: 'Wait until it ends, or cancel it.' },
  operation_ended: { status: 409, title: 'The operation has already ended', guidance: 'Replay it, or start a new one.' },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
    guidance: 'Send a new key with a new request, and the same one only to try the very same request again.',
  },
  payload_too_large: { status: 413, title: 'The request is too large', guidance: 'Send a smaller body.' },
} as const satisfies Record<string, CatalogueEntry>;
