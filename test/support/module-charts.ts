import { readdir } from 'node:fs/promises';
import { relative } from 'node:path';
import { VERSIONS } from '../../tools/local-cluster/programs.ts';
import { goModule } from './go-module.ts';

/** Modules that this project builds programs from anyway and that ship charts: kwok its own, Helm the ones that its tests are made of. */
const MODULES = [
  { module: 'sigs.k8s.io/kwok', version: VERSIONS.kwok },
  { module: 'helm.sh/helm/v4', version: VERSIONS.helm },
] as const;

export interface ModuleCharts {
  module: string;
  /** Folder of the module in Go's cache. */
  root: string;
  /** Of charts, below `root`; subcharts left out. */
  paths: string[];
}

/** The charts of those modules, in the versions that are built. Rejects where Go has no such module in its cache and cannot fetch it. */
export async function moduleCharts(): Promise<ModuleCharts[]> {
  return Promise.all(
    MODULES.map(async ({ module, version }) => {
      const root = await goModule({ module, version });
      return { module, root, paths: await chartsBelow(root) };
    }),
  );
}

async function chartsBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name === 'Chart.yaml')
    .map((entry) => relative(root, entry.parentPath))
    .filter((path) => !path.includes('/charts/'))
    .sort();
}
