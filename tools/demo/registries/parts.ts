import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../../../src/config.ts';
import { createChartRepository, serveFiles } from '../../../test/support/chart-repository.ts';
import { openHelm } from '../../../test/support/oci/push.ts';
import { ROBOT, startDistribution } from '../../../test/support/oci/server.ts';
import { type Child, startChild } from '../../lab/child.ts';
import type { LabRegistry } from '../../lab/index.ts';
import { acquireHelm } from '../../local-cluster/programs.ts';
import { acquireOciRegistry } from '../../oci-registry.ts';
import type { Scene } from '../scene.ts';
import type { Stage } from '../stage.ts';
import { CLUSTER_CHART, DASHBOARD_CHART, EXPORTER_CHART, MEMORY_CHART, marketplaceText, PACK_FILES } from './content.ts';
import { openGitPart } from './git-part.ts';

/** Longer than a bearer token needs to be; the registry ends with the demo. */
const REGISTRY_TOKEN = 'demo-registry-token';

export interface Part {
  registry: LabRegistry;
  /** What stands behind it, for people. */
  part: string;
}

/** A registry server of ours that can be killed and started again where it was. */
export interface KillablePart extends Part {
  child: Child;
  restart(): Promise<Child>;
}

export interface Parts {
  samples: KillablePart;
  all: Part[];
}

/** Builds what is not in the cache yet, saying so; then starts something real of each kind. */
export async function openParts(stage: Stage, scene: Scene): Promise<Parts> {
  const cacheDir = process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
  const tool = { cacheDir, env: process.env, log: (line: string) => stage.detail(line), signal: scene.signal };
  await acquireHelm(tool);
  await acquireOciRegistry(tool);
  const samples = await openSamples(scene);
  const { oci, ark } = await openOciAndArk(scene);
  return {
    samples,
    all: [samples, await openHelmPart(scene), oci, await openGitPart(scene.closers), await openPacks(scene), ark],
  };
}

async function openSamples({ dir, closers }: Scene): Promise<KillablePart> {
  const start = (port: string) =>
    startChild({
      script: join(PACKAGE_ROOT, 'dist', 'src', 'registry.js'),
      env: {
        ...process.env,
        ...{ CHANDLERY_HOST: '127.0.0.1', CHANDLERY_PORT: port, CHANDLERY_REGISTRY_NAME: 'samples' },
        CHANDLERY_REGISTRY_TOKEN: REGISTRY_TOKEN,
        CHANDLERY_TEMPLATES_DIR: join(PACKAGE_ROOT, 'samples', 'registry'),
      },
      ready: 'registry ',
      logFile: join(dir, 'registry.log'),
    });
  let child = await start('0');
  closers.push(() => child.stop());
  const [, url = ''] = child.readyLine.split(' ');
  return {
    registry: { name: 'samples', url, default: true, token: REGISTRY_TOKEN },
    part: 'a stand-alone Chandlery registry with the sample templates (npm run registry)',
    get child() {
      return child;
    },
    async restart() {
      child = await start(new URL(url).port);
      return child;
    },
  };
}

async function openHelmPart({ closers }: Scene): Promise<Part> {
  const repository = await createChartRepository(CLUSTER_CHART, DASHBOARD_CHART);
  closers.push(() => repository.remove());
  const files = await serveFiles(repository.dir);
  closers.push(() => files.close());
  return {
    registry: { name: 'charts', url: files.url, entry: { kind: 'helm' } },
    part: 'packed and indexed by helm package and helm repo index',
  };
}

/** One OCI registry: a team's charts, and those that the items of a marketplace point at. */
async function openOciAndArk({ dir, closers }: Scene): Promise<{ oci: Part; ark: Part }> {
  const server = await startDistribution({ auth: 'basic', tls: true });
  closers.push(() => server.close());
  const helm = await openHelm(server.host, ROBOT, server.ca);
  await helm
    .push('charts', EXPORTER_CHART)
    .then(() => helm.push('agents', MEMORY_CHART))
    .finally(() => helm.close());
  const { ca } = server;
  const files = await served({ dir, closers }, 'agents', { 'marketplace.json': marketplaceText(server.host) });
  const credentials = { type: 'basic', ...ROBOT };
  return {
    oci: {
      registry: { name: 'images', url: `oci://${server.host}/charts`, entry: { kind: 'oci', ca, credentials } },
      part: 'distribution over TLS with a password, pushed to by helm push',
    },
    ark: {
      registry: { name: 'agents', url: `${files}/marketplace.json`, entry: { kind: 'ark', ca } },
      part: 'a marketplace.json whose item is a chart in that OCI registry',
    },
  };
}

async function openPacks(scene: Scene): Promise<Part> {
  const url = await served(scene, 'packs', PACK_FILES);
  return { registry: { name: 'packs', url, entry: { kind: 'helmdeck' } }, part: 'index.yaml and packs as static files' };
}

/** Writes files into a folder of the demo and serves them as static hosts do. */
async function served({ dir, closers }: Pick<Scene, 'dir' | 'closers'>, folder: string, files: Readonly<Record<string, string>>) {
  for (const [path, text] of Object.entries(files)) {
    const file = join(dir, folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const server = await serveFiles(join(dir, folder));
  closers.push(() => server.close());
  return server.url;
}
