import { pathToFileURL } from 'node:url';
import { createMetrics } from './adapters/metrics/prometheus.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import type { Engine } from './embedded/engine.ts';
import { startEngine } from './embedded/engine.ts';
import { findLocalCluster } from './embedded/local-cluster.ts';
import { createLogger } from './logger.ts';
import { openPolicies } from './policies.ts';
import { runProcess } from './process.ts';
import { startApi } from './server.ts';
import { openSigners, requireKeys } from './signers.ts';
import { startWorker } from './worker.ts';

/** Composition root of `npm start`: API and worker in one process, with PostgreSQL and Temporal as supervised children. */

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const config = withLocalCluster(readConfig(process.env));
  const log = createLogger(config.logLevel);
  await runProcess(log, async (signal) => {
    // Before anything else: a mistake in them is told at once, and not after a database was made.
    const signatures = await openSigners(config);
    const policies = await openPolicies(config);
    requireKeys(policies.book, signatures);
    const engine = await startEngine({
      dataDir: config.dataDir,
      cacheDir: config.cacheDir,
      env: process.env,
      databaseUrl: config.databaseUrl,
      temporalAddress: config.temporalAddress,
      log: say,
      signal,
    });
    try {
      const metrics = createMetrics();
      const { publish: thresholds } = policies.book;
      const shared = { ...engine, metrics, signatures };
      const api = await startApi(config, { ...shared, checks: partChecks(engine), ...(thresholds && { thresholds }) }, log);
      const worker = await startWorker(config, { ...shared, policies }, log);
      introduce(config, engine, api.url);
      process.stdout.write(`ready ${api.url} token-file ${api.adminTokenFile}\n`);
      return { failed: worker.done, stop: () => stopAll(api, worker, engine) };
    } catch (error) {
      await engine.stop();
      throw error;
    }
  });
}

/** A local cluster of this data directory that is up is used where none was named. */
function withLocalCluster(config: Readonly<Config>): Readonly<Config> {
  const local = config.cluster ? undefined : findLocalCluster(config.dataDir);
  return local ? { ...config, cluster: local } : config;
}

/** Requests end first, then steps, then what they stand on. */
async function stopAll(api: { stop(): Promise<void> }, worker: { stop(): Promise<void> }, engine: Engine): Promise<void> {
  await api.stop();
  await worker.stop();
  await engine.stop();
}

/** A child that is being restarted makes the server not ready, and says so by name. */
function partChecks(engine: Engine) {
  const names = engine.parts().map((part) => part.name);
  return Object.fromEntries(
    names.map((name) => [
      name,
      async () => {
        const part = engine.parts().find((candidate) => candidate.name === name);
        if (part?.state === 'running') return `pid ${part.pid}, restarts ${part.restarts}`;
        throw new Error(`${part?.state ?? 'gone'}${part?.lastError ? `: ${part.lastError}` : ''}`);
      },
    ]),
  );
}

function introduce(config: Config, engine: Engine, url: string): void {
  const { registries, templateDirs, adminTokenFile } = config;
  say(
    `store       ${config.databaseUrl === undefined ? `embedded PostgreSQL in ${config.dataDir}` : 'PostgreSQL at DATABASE_URL'}`,
  );
  say(
    `engine      ${config.temporalAddress === undefined ? `embedded Temporal at ${engine.temporalAddress}` : `Temporal at ${config.temporalAddress}`}`,
  );
  if (engine.temporalUiUrl !== undefined) say(`engine page ${engine.temporalUiUrl}`);
  say(`cluster     ${clusterWords(config)}`);
  say(
    `registries  ${['local', ...registries.registries.map((registry) => registry.name)].join(', ')} (templates of this server: ${templateDirs[0]})`,
  );
  say(
    `admin       ${config.admin.user}, groups ${config.admin.groups.join(', ')}: what the cluster sees (token in ${adminTokenFile})`,
  );
  say(`try         curl -H "Authorization: Bearer $(cat ${adminTokenFile})" ${url}/api/v1/search`);
  say(`            CHANDLERY_URL=${url} CHANDLERY_TOKEN=$(cat ${adminTokenFile}) npx chandlery search`);
}

function clusterWords({ cluster, dataDir }: Config): string {
  if (!cluster)
    return 'none: templates are found and installed, not deployed. `npm run cluster -- up` starts a local one; or set KUBECONFIG';
  if ('inCluster' in cluster) return 'the one this server runs in';
  return `${cluster.kubeconfig.startsWith(dataDir) ? 'the local cluster, ' : ''}${cluster.kubeconfig}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
