import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperationView } from '../../src/domain/operation.ts';
import type { ApiAnswer, ApiClient } from '../../tools/lab/api-client.ts';
import type { Child } from '../../tools/lab/child.ts';
import type { Lab, LabRegistry } from '../../tools/lab/index.ts';
import { openLab } from '../../tools/lab/index.ts';
import type { AuditEntry } from './audit-log.ts';
import { AuditLog } from './audit-log.ts';
import type { TestCluster } from './cluster.ts';
import { sharedCluster } from './cluster.ts';
import type { ClusterState } from './cluster-state.ts';
import { ClusterCamera } from './cluster-state.ts';
import { HOLDING_WORKER, Holds } from './holds.ts';
import type { RegistryFolder, TemplateFixture } from './registry-folder.ts';
import { createRegistryFolder } from './registry-folder.ts';

/** A whole Chandlery on a real cluster: engine, store, API; workers are the test's own to start. */

/** Whom the API's client is, to Chandlery and to the cluster. He may do something in the namespaces of `namespace()` only. */
export const TESTER = { user: 'tester', groups: ['testers'] };

export interface DeployLab {
  lab: Lab;
  api: ApiClient;
  cluster: TestCluster;
  /** The templates; more may be added while it runs. */
  folder: RegistryFolder;
  holds: Holds;
  camera: ClusterCamera;
  /** A namespace of its own, in which the tester is an administrator. */
  namespace(): Promise<string>;
  /** The worker that holds and fails (holds.ts), unless another script is named. */
  startWorker(options?: { script?: string; env?: Record<string, string> }): Promise<Child>;
  /** Starts the change and answers its operation's id; throws when it is not accepted. `name` is the deployment's. */
  deploy(namespace: string, ref: string, more?: Record<string, unknown>): Promise<string>;
  upgrade(namespace: string, name: string, body: Record<string, unknown>): Promise<string>;
  rollback(namespace: string, name: string, body?: Record<string, unknown>): Promise<string>;
  destroy(namespace: string, name: string, options?: { deleteVolumes?: boolean }): Promise<string>;
  cancel(operation: string): Promise<void>;
  /** Waits until it has succeeded; throws with the whole operation otherwise. */
  succeeded(operation: string | Promise<string>, timeoutMs?: number): Promise<OperationView>;
  ended(operation: string | Promise<string>, timeoutMs?: number): Promise<OperationView>;
  /** See ClusterCamera. */
  clusterState(namespace: string, options?: { uids?: boolean }): Promise<ClusterState>;
  /** Changes in the namespace since the lab was opened, as the API server saw them. */
  audit(namespace: string): Promise<AuditEntry[]>;
  /** What API or workers have logged so far. */
  log(of: 'api' | 'worker'): Promise<string>;
  close(): Promise<void>;
}

export interface DeployLabOptions {
  templates?: TemplateFixture[];
  registries?: LabRegistry[];
  /** More variables for API and workers. */
  env?: Record<string, string>;
  /** The shared one by default. */
  cluster?: TestCluster;
}

/** An operation of these tests takes seconds; on a busy machine several times that, milliseconds. */
const ENDS_WITHIN_MS = 60_000;

export async function openDeployLab(options: DeployLabOptions = {}): Promise<DeployLab> {
  const cluster = options.cluster ?? (await sharedCluster());
  const folder = await createRegistryFolder(options.templates);
  const lab = await openLab({
    ...(options.registries && { registries: options.registries }),
    env: {
      KUBECONFIG: cluster.kubeconfigFor('chandlery'),
      CHANDLERY_ADMIN_USER: TESTER.user,
      CHANDLERY_ADMIN_GROUPS: TESTER.groups.join(','),
      CHANDLERY_TEMPLATES_DIR: folder.dir,
      ...options.env,
    },
  });
  const holds = await Holds.create(lab.dir);
  const { client: api } = await lab.startApi();
  const audit = await AuditLog.open(cluster.auditLog);
  const camera = new ClusterCamera(cluster.api);
  const change = async (method: string, path: string, body?: unknown) =>
    operationOf(await api.call(method, `/api/v1/deployments${path}`, body));
  const ended: DeployLab['ended'] = async (operation, timeoutMs = ENDS_WITHIN_MS) => api.ended(await operation, timeoutMs);
  return {
    lab,
    api,
    cluster,
    folder,
    holds,
    camera,
    namespace: () => cluster.namespace(TESTER.user, 'admin'),
    startWorker: ({ script = HOLDING_WORKER, env } = {}) => lab.startWorker({ script, env: { ...holds.env, ...env } }),
    deploy: (namespace, ref, more = {}) => change('POST', '', { namespace, ref, ...more }),
    upgrade: (namespace, name, body) => change('PATCH', `/local.${namespace}.${name}`, body),
    rollback: (namespace, name, body = {}) => change('POST', `/local.${namespace}.${name}/rollback`, body),
    destroy: (namespace, name, { deleteVolumes = false } = {}) =>
      change('DELETE', `/local.${namespace}.${name}${deleteVolumes ? '?deleteVolumes=true' : ''}`),
    async cancel(operation) {
      const { status, body } = await api.call('POST', `/api/v1/operations/${operation}/cancel`);
      if (status !== 202) throw new Error(`not cancelled: ${status} ${JSON.stringify(body)}`);
    },
    async succeeded(operation, timeoutMs) {
      const view = await ended(operation, timeoutMs);
      if (view.state !== 'succeeded') throw new Error(JSON.stringify(view, undefined, 1));
      return view;
    },
    ended,
    clusterState: (namespace, more) => camera.namespace(namespace, more),
    audit: (namespace) => audit.changes(namespace),
    log: (of) => readFile(join(lab.dir, `${of}.log`), 'utf8'),
    async close() {
      await lab.close();
      await folder.remove();
    },
  };
}

function operationOf({ status, body }: ApiAnswer): string {
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return body.operation as string;
}
