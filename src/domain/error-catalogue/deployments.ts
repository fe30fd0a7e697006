import type { CatalogueEntry } from './entry.ts';

/** Plans, deployments and what the cluster says of them. */
export const DEPLOYMENT_ERRORS = {
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
} as const satisfies Record<string, CatalogueEntry>;
