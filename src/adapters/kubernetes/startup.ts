import { ChandleryError } from '../../domain/errors.ts';
import { LIMITS } from './limits.ts';
import { groupVersionPath } from './paths.ts';
import type { Call, Reply, Transport } from './transport.ts';

/**
 * An API server that has just started answers before it has read its rules, and until then it refuses with 403 what everybody may do.
 * So a refusal counts only when the server says that it is ready; before, it is an outage like any other, which passes.
 */
export function withStartup(transport: Transport): Transport {
  const checked = async (reply: Reply, { signal }: Call) => {
    if (reply.status === 403) await assertStarted(transport, signal);
    return reply;
  };
  return {
    ...transport,
    call: async (call) => checked(await transport.call(call), call),
    async stream(call) {
      const opened = await transport.stream(call);
      if ('reply' in opened) await checked(opened.reply, call);
      return opened;
    },
  };
}

/** Fails with `cluster_unavailable` while the server starts. Asked as ourselves, by whoever met a refusal. */
export async function assertStarted(transport: Pick<Transport, 'call'>, signal?: AbortSignal): Promise<void> {
  // What every session asks first: refused, it means that the rules are not read yet. Only then does the next question mean something.
  const open = await transport.call({ method: 'GET', path: groupVersionPath('v1'), maxBytes: LIMITS.discoveryBytes, signal });
  if (open.status === 403) throw startingFailure(open.status);
  const ready = await transport.call({ method: 'GET', path: '/readyz', signal });
  // Some rules come before others. Another answer is of somebody on the way who does not let the question through.
  if (ready.status >= 500) throw startingFailure(ready.status);
}

function startingFailure(status: number): ChandleryError {
  const message = `the cluster has just started and does not know its rules yet (status ${status})`;
  return new ChandleryError('cluster_unavailable', message, { upstreamStatus: status });
}
