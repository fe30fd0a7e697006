import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Modules that this project builds programs from anyway and that ship charts: kwok its own, Helm the ones that its tests are made of.
 * They are read where the build left them and never fetched for their charts.
 */
const MODULES = ['sigs.k8s.io/kwok', 'helm.sh/helm/v4'] as const;

/** The folders of all charts in those modules, subcharts left out; none for a module that is not in the cache. */
export async function moduleCharts(): Promise<Array<{ module: string; directories: string[] }>> {
  const { stdout } = await run('go', ['env', 'GOMODCACHE']);
  return Promise.all(
    MODULES.map(async (module) => {
      const parent = join(stdout.trim(), dirname(module));
      const names = await readdir(parent).catch(() => []);
      const roots = names.filter((name) => name.startsWith(`${module.split('/').at(-1)}@`));
      const found = await Promise.all(roots.map((root) => chartsBelow(join(parent, root))));
      return { module, directories: found.flat().sort() };
    }),
  );
}

async function chartsBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name === 'Chart.yaml')
    .map((entry) => entry.parentPath)
    .filter((directory) => !directory.slice(root.length).includes('/charts/') || /\/kwok@[^/]+\/charts\/[^/]+$/.test(directory));
}
