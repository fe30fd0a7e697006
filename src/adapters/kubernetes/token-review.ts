import type { V1TokenReview } from '@kubernetes/client-node';
import type { CallOptions } from '../../domain/cluster.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { Identity } from '../../domain/store.ts';
import { parseJson } from './discovery.ts';
import { replyFailure } from './failures.ts';
import type { Transport } from './transport.ts';

const API = { group: 'authentication.k8s.io', resource: 'tokenreviews' };

/**
 * Whose token the cluster says this is, asked as the server's own identity; undefined = nobody's. With audiences, it must be meant for
 * one of them. Fails with cluster_unavailable, also where this server may not ask: then nothing is known about the token.
 */
export async function reviewToken(
  transport: Transport,
  token: string,
  audiences: readonly string[],
  options?: CallOptions,
): Promise<Identity | undefined> {
  const reply = await transport.call({
    method: 'POST',
    path: `/apis/${API.group}/v1/${API.resource}`,
    body: JSON.stringify({
      ...{ apiVersion: `${API.group}/v1`, kind: 'TokenReview' },
      spec: { token, ...(audiences.length > 0 && { audiences }) },
    }),
    signal: options?.signal,
  });
  if (reply.status !== 200 && reply.status !== 201)
    throw cannotTell(reply.status, replyFailure(reply, { verb: 'create', ...API, kind: 'TokenReview' }));
  const { status } = parseJson<V1TokenReview>(reply);
  const user = status?.user?.username;
  if (status?.authenticated !== true || !user) return undefined;
  // An authenticator that knows nothing of audiences says yes to any; it does not repeat them.
  if (audiences.length > 0 && !status.audiences?.some((audience) => audiences.includes(audience))) return undefined;
  return { user, groups: status.user?.groups ?? [] };
}

/** What was refused was this server's question, not the caller: a 403 would have him look for rights that are not missing. */
function cannotTell(status: number, failure: ChandleryError): ChandleryError {
  if (failure.code === 'cluster_unavailable') return failure;
  const text =
    status === 403
      ? 'the cluster does not let this server review tokens: bind its account to the ClusterRole system:auth-delegator'
      : `the cluster cannot review a token: ${failure.message}`;
  return new ChandleryError('cluster_unavailable', text, {}, { cause: failure });
}
