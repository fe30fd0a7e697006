import type { VersionInfo } from '@kubernetes/client-node';
import type { Cluster, ClusterSession } from '../../domain/cluster.ts';
import type { Identity } from '../../domain/store.ts';
import type { KubeconfigSource } from './config.ts';
import { createConnections } from './connections.ts';
import { createDiscovery, parseJson } from './discovery.ts';
import { type ExecResult, type ExecTarget, execInPod } from './exec.ts';
import { replyFailure } from './failures.ts';
import { listObjects } from './lists.ts';
import {
  applyNewObject,
  applyObject,
  createObject,
  deleteObject,
  getObject,
  mergePatchObject,
  tryApplyObject,
} from './objects.ts';
import { podLogs } from './pods.ts';
import { mayI, whoAmI } from './reviews.ts';
import { createSessionContext, type SessionContext } from './session-context.ts';
import { withStartup } from './startup.ts';
import { reviewToken } from './token-review.ts';
import { createTransport } from './transport.ts';
import { watchObjects } from './watch.ts';

export interface KubernetesSession extends ClusterSession {
  /** Runs a command in a container, with the session's impersonation. See `execInPod`. */
  exec(target: ExecTarget, options?: { signal?: AbortSignal }): Promise<ExecResult>;
}

export interface KubernetesCluster extends Cluster {
  as(identity: Identity): KubernetesSession;
  /** Without impersonation: for programs that act for nobody but themselves. Not in the port, so that no request can run this way. */
  asSelf(): KubernetesSession;
}

export interface ClusterOptions {
  kubeconfig: KubeconfigSource;
  log?: { warn(fields: object, message: string): void };
}

/**
 * The cluster of a kubeconfig. Nothing is read or connected before the first request; then `cluster_unavailable` says that there
 * is no configuration or no server, `config_invalid` that the configuration cannot be used.
 */
export function createCluster({ kubeconfig, log }: ClusterOptions): KubernetesCluster {
  const transport = withStartup(createTransport(createConnections(kubeconfig, log)));
  const discovery = createDiscovery(transport);
  return {
    as: (identity) => createSession(createSessionContext(identity, transport, discovery)),
    asSelf: () => createSession(createSessionContext(SELF, transport, discovery, {})),
    async version(options) {
      const reply = await transport.call({ method: 'GET', path: '/version', signal: options?.signal });
      if (reply.status !== 200) throw replyFailure(reply, { verb: 'get', group: '', resource: 'version' });
      return parseJson<VersionInfo>(reply).gitVersion;
    },
    reviewToken: (token, audiences, options) => reviewToken(transport, token, audiences, options),
    async close() {
      transport.close();
    },
  };
}

/** How messages call who is not impersonated; the API server's own answers name the account. */
const SELF: Identity = { user: "Chandlery's own account", groups: [] };

function createSession(session: SessionContext): KubernetesSession {
  const { identity, discovery } = session;
  return {
    identity,
    resourceType: (apiVersion, kind, options) => discovery.resourceType(apiVersion, kind, options?.signal),
    get: (ref, options) => getObject(session, ref, options),
    list: (selection, options) => listObjects(session, selection, options),
    apply: (object, options) => applyObject(session, object, options),
    tryApply: (object, options) => tryApplyObject(session, object, options),
    mergePatch: (ref, patch, options) => mergePatchObject(session, ref, patch, options),
    applyNew: (object, options) => applyNewObject(session, object, options),
    createIfAbsent: (object, options) => createObject(session, object, options),
    delete: (ref, precondition, options) => deleteObject(session, ref, precondition, options),
    watch: (selection, resourceVersion, options) => watchObjects(session, selection, resourceVersion, options),
    mayI: (questions, options) => mayI(session, questions, options),
    whoAmI: (options) => whoAmI(session, options),
    logs: (pod, options) => podLogs(session, pod, options),
    exec: (target, options) => execInPod(session, target, options),
  };
}
