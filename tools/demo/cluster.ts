import { homedir } from 'node:os';
import { join } from 'node:path';
import { collectionPath } from '../local-cluster/api.ts';
import type { LocalCluster } from '../local-cluster/cluster.ts';
import { waitForRight, waitForServiceAccount } from '../local-cluster/setup.ts';
import { startCluster } from '../local-cluster/start.ts';

/** The namespace the demo deploys to, and the only one in which its user may do anything. */
export const NAMESPACE = 'team-a';
export const DEMO_USER = 'demo-user';
const DEMO_GROUP = 'demo-team';

/** Namespace and rights are there within a second of being asked for. */
const SETUP_TIMEOUT_MS = 20_000;

/** A cluster of the demo's own. The first time its programs are built, which takes minutes; `log` says so. */
export async function startDemoCluster(
  directory: string,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<LocalCluster> {
  const cacheDir = process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
  const { cluster } = await startCluster({ directory, cacheDir, env: process.env, fsync: false, log, signal });
  return cluster;
}

/** A namespace, and an ordinary user who may edit in it: what an administrator of the cluster would do with kubectl. */
export async function makeRoomForUser({ api }: LocalCluster): Promise<{ user: string; groups: string[] }> {
  const signal = AbortSignal.timeout(SETUP_TIMEOUT_MS);
  const rbac = 'rbac.authorization.k8s.io';
  await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }, 'namespaces');
  await api.expect('POST', collectionPath(`${rbac}/v1`, 'rolebindings', NAMESPACE), {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'demo-team-edits', namespace: NAMESPACE },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'edit' },
    subjects: [{ apiGroup: rbac, kind: 'Group', name: DEMO_GROUP }],
  });
  const who = { user: DEMO_USER, groups: [DEMO_GROUP] };
  await waitForServiceAccount(api, NAMESPACE, signal);
  await waitForRight(api, who, { verb: 'create', group: 'apps', resource: 'deployments', namespace: NAMESPACE }, signal);
  return who;
}
