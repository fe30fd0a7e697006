/**
 * The catalogue: every word Chandlery uses for "this went wrong". The code is the failure type in Temporal, the `code` in the
 * HTTP body and the word in the docs. Add a code here and nowhere else.
 */

/** Reference 2's two error families, kept on the wire so that its clients can read ours. */
export type RegistryErrorType = 'connection' | 'authentication' | 'authorization' | 'rate_limit';
export type TemplateErrorType = 'validation' | 'dependency' | 'installation' | 'version';

interface CatalogueEntry {
  /** HTTP status when the error answers a request. */
  status: number;
  title: string;
  /** What to do; a sentence a person can act on. */
  guidance: string;
  /** True when trying again, unchanged, may succeed. The one place that decides retry. */
  retryable?: boolean;
  registry?: RegistryErrorType;
  template?: TemplateErrorType;
}

const entries = {
  // Requests
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
  payload_too_large: { status: 413, title: 'The request is too large', guidance: 'Send a smaller body.' },

  // Gates of an install
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

  // Deployments
  deployment_not_found: { status: 404, title: 'No such deployment', guidance: 'List the deployments of the namespace.' },
  deployment_exists: {
    status: 409,
    title: 'A deployment of this name exists',
    guidance: 'Change it with an upgrade, or choose another name.',
  },
  revision_not_found: { status: 404, title: 'No such revision', guidance: 'List the revisions of the deployment.' },
  plan_not_found: { status: 404, title: 'No such plan', guidance: 'Make the plan again; its answer has the digest.' },
  plan_stale: {
    status: 409,
    title: 'Things have changed since the plan was made',
    guidance: 'See in `changes` what is different now, make the plan again and look at it.',
  },
  parameter_invalid: {
    status: 422,
    title: 'A parameter does not fit its schema',
    guidance: 'Correct the parameters named in `errors`; the template page shows what each may be.',
    template: 'validation',
  },
  parameter_immutable: {
    status: 422,
    title: 'A parameter cannot be changed any more',
    guidance: 'Leave it as it is, or make a new deployment with the new value.',
    template: 'validation',
  },
  secret_input_gone: {
    status: 409,
    title: 'The secret values of the request are gone',
    guidance: 'Send the request again with them; they are not kept after an operation has ended.',
  },
  type_unsupported: {
    status: 422,
    title: 'This type of template cannot be deployed yet',
    guidance: 'It can be installed; deploy templates of type workload or manifests.',
    template: 'validation',
  },
  namespace_missing: {
    status: 422,
    title: 'The namespace does not exist',
    guidance: 'Create it (`kubectl create namespace NAME`) or ask an administrator to.',
  },
  api_unknown: {
    status: 422,
    title: 'The cluster does not know this kind of object',
    guidance: 'Install what provides it (its CustomResourceDefinition), or use a cluster version that serves it.',
  },
  object_invalid: {
    status: 422,
    title: 'The cluster does not accept an object',
    guidance: 'See `errors` for the fields; correct the parameters, or report it to the author of the template.',
  },
  field_conflict: {
    status: 409,
    title: 'Somebody else owns a field that would be changed',
    guidance:
      'See in `conflicts` which field and whose; let them give it up, or send the request with `force: true` to take it over.',
  },
  quota_exceeded: {
    status: 422,
    title: 'A quota of the namespace does not allow it',
    guidance: 'Ask for less, or have the quota raised.',
  },
  not_owned: {
    status: 409,
    title: 'An object of this name belongs to somebody else',
    guidance: 'Choose another name for the deployment, or remove the object if nobody needs it.',
  },
  not_ready: {
    status: 422,
    title: 'It did not get ready',
    guidance: 'See the object, its reason and its last events in `detail`; correct the cause and replay, or deploy again.',
  },
  undo_forbidden: {
    status: 403,
    title: 'The requester may no longer take back what was done',
    guidance: 'Give the requester back the rights that `detail` names; the undo goes on by itself. What remains is listed.',
    retryable: true,
  },
  watch_expired: { status: 503, title: 'The watch is too old', guidance: 'Nothing to do: it is begun again.', retryable: true },

  // Namespace sources
  source_not_found: { status: 404, title: 'No such source', guidance: 'List the sources of the namespace.' },
  source_exists: {
    status: 409,
    title: 'A source of this name exists',
    guidance: 'Change it, or choose another name.',
  },
  source_invalid: {
    status: 422,
    title: 'The source is not valid',
    guidance: 'Correct the members that `errors` names.',
  },

  // The pack catalog of the helmdeck face
  marketplace_not_ready: {
    status: 503,
    title: 'The pack catalog was not fetched yet',
    guidance: 'Try again in a few seconds, or POST /api/v1/marketplace/refresh and see why it fails.',
  },
  marketplace_disabled: {
    status: 503,
    title: 'The pack catalog is turned off',
    guidance: 'Start the server without CHANDLERY_MARKETPLACE_DISABLE=1.',
  },
  marketplace_fetch_failed: {
    status: 502,
    title: 'The pack catalog cannot be fetched',
    guidance: 'Check CHANDLERY_MARKETPLACE_URL and what it answers; the catalog fetched before is still shown.',
  },
  pack_not_in_catalog: {
    status: 404,
    title: 'The catalog has no such pack',
    guidance: 'Check the spelling; refresh the catalog if the pack is new.',
  },
  manifest_fetch_failed: {
    status: 502,
    title: "The pack's manifest cannot be read",
    guidance: 'Tell the owner of the catalog; refresh it if the pack was moved.',
  },

  // Running
  store_unavailable: {
    status: 503,
    title: 'The store cannot be reached',
    guidance: 'Check PostgreSQL; the operation continues when it is back.',
    retryable: true,
  },
  engine_unavailable: {
    status: 503,
    title: 'The engine cannot be reached',
    guidance: 'Check Temporal and send the request again; if it was started after all, the same request joins it.',
  },
  data_directory_in_use: {
    status: 503,
    title: 'Another Chandlery uses this data directory',
    guidance: 'Stop that process, or set CHANDLERY_DATA_DIR to another directory.',
  },
  tool_unavailable: {
    status: 503,
    title: 'A program that is needed cannot be provided',
    guidance: 'Do one of the things that the message names.',
  },
  cluster_unavailable: {
    status: 503,
    title: 'No cluster can be reached',
    guidance:
      'Set KUBECONFIG, or start the local cluster with `npm run cluster -- up`; an operation continues when the cluster is back.',
    retryable: true,
  },
  worker_lost: {
    status: 503,
    title: 'The worker of a step went away',
    guidance: 'Nothing to do: another worker takes the step up. If none does, start one.',
    retryable: true,
  },
  fenced_off: {
    status: 409,
    title: 'A later operation has taken over the target',
    guidance: 'Nothing to do: the later operation decides.',
  },
  deadline_exceeded: {
    status: 504,
    title: 'The operation took longer than allowed',
    guidance: 'See the step it waited for, then replay it.',
  },
  config_invalid: {
    status: 500,
    title: 'The configuration is not valid',
    guidance: 'Correct the place that `detail` names, then start again.',
  },
  cancelled: { status: 409, title: 'The operation was cancelled', guidance: 'Replay it if that was a mistake.' },
  terminated: {
    status: 409,
    title: 'The operation was ended by hand in the engine, without undo',
    guidance: 'Replay it with `from: start`.',
  },
  internal: { status: 500, title: 'An error of ours', guidance: 'Report it with the request id.' },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof entries;

/** All codes with their meaning; the docs and the OpenAPI document are generated from it. */
export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, CatalogueEntry>> = entries;

/** One place that was wrong: where (a JSON pointer or file:line:column) and why. */
export interface ErrorIssue {
  path: string;
  message: string;
  line?: number;
  column?: number;
}

export interface ErrorDetails {
  /** Registry the error speaks of. */
  registry?: string;
  /** Template the error speaks of, `name` or `name@version`. */
  template?: string;
  /** Status the upstream answered. */
  upstreamStatus?: number;
  /** Milliseconds to wait before trying again (from Retry-After). */
  retryAfterMs?: number;
  issues?: ErrorIssue[];
  /** Id of the operation that stands in the way. */
  operation?: string;
  /** Names that would have worked. */
  alternatives?: string[];
  [key: string]: unknown;
}

/** The only error class that crosses a module boundary of ours. Callers match `code`, never the message. */
export class ChandleryError extends Error {
  override readonly name = 'ChandleryError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** Whether trying again, unchanged, may succeed. */
  get retryable(): boolean {
    return isRetryable(this.code);
  }
}

/** The one predicate that decides retry. */
function isRetryable(code: ErrorCode): boolean {
  return ERROR_CATALOGUE[code].retryable === true;
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(entries, value);
}
