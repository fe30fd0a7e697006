import type { CallOptions } from '../../domain/cluster.ts';
import { replyFailure } from './failures.ts';
import { LIMITS } from './limits.ts';
import { objectPath, query } from './paths.ts';
import type { SessionContext } from './session-context.ts';
import { type Asked, readFailure } from './status.ts';

export const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

/** A failure of a pod's subresource. */
export function podAsked(session: SessionContext, verb: string, subresource: string, namespace: string, name: string): Asked {
  return { verb, group: '', resource: `pods/${subresource}`, kind: 'Pod', namespace, name, identity: session.identity };
}

/** The last lines of a container's log, at most 256 KiB of them; '' where there is no pod, no container yet, or no earlier one. */
export async function podLogs(
  session: SessionContext,
  { namespace, name, container }: { namespace: string; name: string; container: string },
  options: CallOptions & { tailLines?: number; previous?: boolean } = {},
): Promise<string> {
  const parameters = query({
    container,
    tailLines: options.tailLines ?? LIMITS.logLines,
    limitBytes: LIMITS.logBytes,
    previous: options.previous ? 'true' : undefined,
  });
  const path = `${objectPath(PODS, namespace, name)}/log${parameters}`;
  const reply = await session.call({ method: 'GET', path, signal: options.signal });
  // 204: the pod is on no node yet.
  if (reply.status === 200 || reply.status === 204) return reply.body.toString('utf8');
  // 400 is how the server says that the container has not started, or has not run before.
  if (reply.status === 400 || (reply.status === 404 && readFailure(reply).name === name)) return '';
  throw replyFailure(reply, podAsked(session, 'get', 'log', namespace, name));
}
