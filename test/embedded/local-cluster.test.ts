import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  findLocalCluster,
  type LocalClusterState,
  localClusterDirectory,
  readLocalCluster,
  writeLocalCluster,
} from '../../src/embedded/local-cluster.ts';
import { identityOf, type ProcessIdentity } from '../../src/embedded/process-identity.ts';
import { stopCluster } from '../../tools/local-cluster/cluster.ts';
import { clusterStatus } from '../../tools/local-cluster/status.ts';
import { temporaryDirectory } from './support/processes.ts';

let data: Awaited<ReturnType<typeof temporaryDirectory>>;
let cluster: string;
beforeEach(async () => {
  data = await temporaryDirectory();
  cluster = localClusterDirectory(data.path);
  await mkdir(cluster);
});
afterEach(() => data.remove());

/** Recorded as this very process, as it is or as an earlier one that had its pid. */
function recorded(change: Partial<ProcessIdentity> = {}, ready = true): LocalClusterState {
  const self = identityOf(process.pid) ?? { pid: process.pid, started: '' };
  return {
    programs: { kubernetes: '/k', etcd: '/e', kwok: '/w' },
    ports: { apiserver: 1, kubelet: 2 },
    fsync: true,
    ...(ready ? { readyAt: '2026-01-01T00:00:00.000Z' } : {}),
    processes: { 'kube-apiserver': { ...self, ...change } },
  };
}

describe('findLocalCluster', () => {
  it('finds a cluster whose API server runs', () => {
    writeLocalCluster(cluster, recorded());
    expect(findLocalCluster(data.path)).toEqual({ kubeconfig: join(cluster, 'chandlery.kubeconfig') });
  });

  it('finds none where there is no file, or one that was cut short', async () => {
    expect(findLocalCluster(data.path)).toBeUndefined();
    await writeFile(join(cluster, 'cluster.json'), '{"programs":');
    expect(findLocalCluster(data.path)).toBeUndefined();
  });

  it('finds none that is still being started', () => {
    writeLocalCluster(cluster, recorded({}, false));
    expect(findLocalCluster(data.path)).toBeUndefined();
  });

  it('does not take another process with the same pid for it', () => {
    writeLocalCluster(cluster, recorded({ started: 'before the reboot' }));
    expect(findLocalCluster(data.path)).toBeUndefined();
  });
});

describe('stopCluster', () => {
  it('ends no process that only has a recorded pid', async () => {
    writeLocalCluster(cluster, recorded({ started: 'before the reboot' }));
    expect(await clusterStatus(cluster)).toMatchObject({ state: 'down' });
    expect(await stopCluster(cluster)).toBe(0);
    expect(readLocalCluster(cluster)).toBeUndefined();
  });

  it('does nothing where there is no folder', async () => {
    expect(await stopCluster(join(cluster, 'nowhere'))).toBe(0);
  });
});
