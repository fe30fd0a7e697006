import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster, type KubernetesCluster, type KubernetesSession } from '../../../../src/adapters/kubernetes/index.ts';
import { sharedCluster, type TestCluster } from '../../../support/cluster.ts';
import { configMap } from './api-server.ts';

/** The real cluster, as Chandlery sees it, and namespaces of a test's own in it. */
export interface ClusterLab {
  /** The cluster itself, with its API as `admin`. */
  kubernetes: TestCluster;
  /** With Chandlery's own credential: it may impersonate, and nothing else. */
  cluster: KubernetesCluster;
  admin: KubernetesSession;
  /** Gives a user or group these rights in the namespace. */
  grant(namespace: string, subject: { user: string } | { group: string }, rules: Rule[]): Promise<void>;
  /** Sets `data.key` of a ConfigMap as another field manager, `somebody-else`. */
  changeByOthers(namespace: string, name: string, value: string): Promise<void>;
  /** The lines of the audit log that fit; waits until there is one. */
  audit(fits: (line: AuditLine) => boolean): Promise<AuditLine[]>;
  close(): Promise<void>;
}

export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

export interface AuditLine {
  verb: string;
  requestURI: string;
  user: { username: string };
  impersonatedUser?: { username: string; groups?: string[] };
  objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
}

const RBAC = 'rbac.authorization.k8s.io';

export async function openClusterLab(kubernetes?: TestCluster): Promise<ClusterLab> {
  const own = kubernetes ?? (await sharedCluster());
  const cluster = createCluster({ kubeconfig: { file: own.kubeconfigFor('chandlery') } });
  return {
    kubernetes: own,
    cluster,
    admin: cluster.as({ user: 'test-admin', groups: ['system:masters'] }),
    async grant(namespace, subject, rules) {
      const name = `r-${randomBytes(4).toString('hex')}`;
      const metadata = { namespace, name };
      const [kind, subjectName] = 'user' in subject ? ['User', subject.user] : ['Group', subject.group];
      const subjects = [{ apiGroup: RBAC, kind, name: subjectName }];
      const roleRef = { apiGroup: RBAC, kind: 'Role', name };
      await own.api.apply({ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules }, 'roles');
      await own.api.apply({ apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata, subjects, roleRef }, 'rolebindings');
    },
    async changeByOthers(namespace, name, value) {
      const path = `/api/v1/namespaces/${namespace}/configmaps/${name}?fieldManager=somebody-else&force=true`;
      await own.api.expect('PATCH', path, configMap(namespace, name, value), 'application/apply-patch+yaml');
    },
    audit: (fits) =>
      eventually(async () => {
        const found = readAudit(own.auditLog).filter(fits);
        return found.length > 0 ? found : undefined;
      }),
    close: () => cluster.close(),
  };
}

function readAudit(file: string): AuditLine[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as AuditLine];
      } catch {
        // The last line may be half written.
        return [];
      }
    });
}

const TRIES = 50;
const PAUSE_MS = 100;

/** Reads until the value is there: the cluster's own caches (RBAC, quota) and its audit log take a moment. */
export async function eventually<Value>(read: () => Promise<Value | undefined>): Promise<Value> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const value = await read();
    if (value !== undefined) return value;
    await sleep(PAUSE_MS);
  }
  throw new Error(`it did not happen within ${(TRIES * PAUSE_MS) / 1000} s`);
}
