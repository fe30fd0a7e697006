import {
  CLUSTER_PARTS,
  type ClusterPart,
  localClusterKubeconfig,
  readLocalCluster,
  runningParts,
} from '../../src/embedded/local-cluster.ts';
import { openCluster } from './cluster.ts';

export interface ClusterStatus {
  directory: string;
  /** `starting`: not ready yet, or its start was killed. `broken`: it was ready, and a part has ended or does not answer. */
  state: 'down' | 'starting' | 'up' | 'broken';
  server?: string;
  /** Chandlery's. */
  kubeconfig?: string;
  parts: { name: ClusterPart; pid?: number; running: boolean }[];
}

/** What runs of the cluster in a folder; never fails because nothing does. */
export async function clusterStatus(directory: string): Promise<ClusterStatus> {
  const found = readLocalCluster(directory);
  if (!found) return { directory, state: 'down', parts: [] };
  const running = runningParts(found);
  const parts = CLUSTER_PARTS.map((name) => {
    const pid = found.processes[name]?.pid;
    return { name, ...(pid === undefined ? {} : { pid }), running: running.has(name) };
  });
  // After a reboot the file still names processes.
  if (running.size === 0) return { directory, state: 'down', parts };
  if (found.readyAt === undefined) return { directory, state: 'starting', parts };
  const { server, api } = openCluster(directory);
  const answers = await api.request('GET', '/readyz').then(
    ({ status }) => status === 200,
    () => false,
  );
  const up = answers && running.size === CLUSTER_PARTS.length;
  return { directory, state: up ? 'up' : 'broken', server, kubeconfig: localClusterKubeconfig(directory, 'chandlery'), parts };
}
