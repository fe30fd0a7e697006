import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { findLocalCluster, localClusterDirectory, readLocalCluster } from '../../src/embedded/local-cluster.ts';
import { identityOf } from '../../src/embedded/process-identity.ts';
import { collectionPath } from '../../tools/local-cluster/api.ts';
import { killHard, processesNaming, temporaryDirectory, until } from '../embedded/support/processes.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster, ownCluster, type TestCluster } from '../support/cluster.ts';

const HOOKS = new URL('../embedded/support/typescript-hooks.mjs', import.meta.url).href;
const TOOL = new URL('../../tools/local-cluster.ts', import.meta.url).pathname;

function start(args: readonly string[], env: Record<string, string>): ChildProcess & { output(): string } {
  const child = spawn(process.execPath, ['--import', HOOKS, TOOL, ...args], { env: { ...process.env, ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  return Object.assign(child, { output: () => text });
}

async function run(args: readonly string[], env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const child = start(args, env);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output: child.output() };
}

describeCluster('npm run cluster', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let env: Record<string, string>;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    env = { CHANDLERY_DATA_DIR: directory.path };
  });
  afterAll(async () => {
    await run(['down', '--purge'], env);
    await directory.remove();
  });

  it(
    'starts a cluster, finds it, ends it, and keeps what is in it',
    async () => {
      const cluster = localClusterDirectory(directory.path);
      expect(await run(['status'], env)).toMatchObject({ code: 1, output: expect.stringContaining('is down') });
      expect(findLocalCluster(directory.path)).toBeUndefined();

      const first = await run(['up', '--no-fsync'], env);
      expect(first).toMatchObject({ code: 0, output: expect.stringContaining('the cluster is up, after') });
      expect(findLocalCluster(directory.path)).toEqual({ kubeconfig: join(cluster, 'chandlery.kubeconfig') });
      const { server } = JSON.parse((await run(['status', '-o', 'json'], env)).output);

      const second = await run(['up'], env);
      expect(second).toMatchObject({ code: 0, output: expect.stringContaining('is up already') });
      expect(JSON.parse((await run(['status', '-o', 'json'], env)).output)).toMatchObject({ state: 'up', server });

      expect(await run(['down'], env)).toMatchObject({ code: 0, output: 'ended 5 processes\n' });
      expect(findLocalCluster(directory.path)).toBeUndefined();
      expect(await processesNaming(cluster)).toEqual([]);
      const tokens = await readFile(join(cluster, 'tokens.csv'), 'utf8');

      expect((await run(['up', '--no-fsync'], env)).code).toBe(0);
      expect(await readFile(join(cluster, 'tokens.csv'), 'utf8')).toBe(tokens);
      expect(await run(['down', '--purge'], env)).toMatchObject({ code: 0 });
      expect(await run(['down'], env)).toMatchObject({ code: 0, output: 'no cluster was running\n' });
    },
    CLUSTER_TIMEOUT_MS,
  );

  it(
    'ends what a killed start left behind, on the next start',
    async () => {
      const cluster = localClusterDirectory(directory.path);
      const killed = start(['up', '--no-fsync'], env);
      await until(() => readLocalCluster(cluster)?.processes.kwok !== undefined, CLUSTER_TIMEOUT_MS);
      await killHard(killed);
      const left = readLocalCluster(cluster)?.processes;
      expect(await run(['status'], env)).toMatchObject({ code: 1, output: expect.stringContaining('is starting') });

      const next = await run(['up', '--no-fsync'], env);
      expect(next).toMatchObject({ code: 0, output: expect.stringContaining('ended 5 process(es)') });
      for (const old of Object.values(left ?? {})) expect(identityOf(old.pid)?.started).not.toBe(old.started);
      await run(['down', '--purge'], env);
    },
    CLUSTER_TIMEOUT_MS,
  );

  it('says how it is used', async () => {
    expect(await run(['sideways'], env)).toMatchObject({ code: 2, output: expect.stringContaining('usage: npm run cluster') });
  });
});

describeCluster('a cluster of a test', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await ownCluster();
  }, CLUSTER_TIMEOUT_MS);
  afterAll(() => cluster?.stop({ purge: true }));

  it(
    'loses its API server and gets it back, with everything in it',
    async () => {
      const namespace = await cluster.namespace();
      await cluster.killApiserver();
      await expect(cluster.api.request('GET', '/version')).toFailWith('cluster_unavailable');
      await cluster.startApiserver();
      expect(await cluster.api.request('GET', `/api/v1/namespaces/${namespace}`)).toMatchObject({ status: 200 });
      await cluster.restartApiserver();
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'late', namespace } };
      await cluster.api.apply({ ...pod, spec: { containers: [{ name: 'main', image: 'late' }] } }, 'pods');
      const late = () =>
        cluster.api.expect('GET', `${collectionPath('v1', 'pods', namespace)}/late`) as Promise<{ status?: { phase?: string } }>;
      await until(async () => (await late()).status?.phase === 'Running');
    },
    CLUSTER_TIMEOUT_MS,
  );
});
