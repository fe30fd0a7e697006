import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { acquireHelm } from '../../tools/local-cluster/programs.ts';
import type { Shape } from './objects.ts';
import { chartOf, SECOND_TEXT } from './objects.ts';

const run = promisify(execFile);

/** Requests a second and at once that Helm's client allows itself where it is told to; by itself it asks for far fewer. */
const RAISED = { HELM_QPS: '1000', HELM_BURST_LIMIT: '2000' };

/** Each answers how long the command took, milliseconds, from its start to its end. */
export interface Helm {
  /** `helm-v4.3.1` */
  name: string;
  install(release: string, shape: Shape): Promise<number>;
  upgrade(release: string, shape: Shape): Promise<number>;
  rollback(release: string): Promise<number>;
  uninstall(release: string): Promise<number>;
}

export interface HelmOptions {
  kubeconfig: string;
  namespace: string;
  shapes: readonly Shape[];
  /** Charts, caches and settings are kept in it. */
  directory: string;
  log(line: string): void;
}

/** The real program, built if it is not there, with its charts written down; `raised` does not hold its requests back. */
export async function openHelm({
  kubeconfig,
  namespace,
  shapes,
  directory,
  log,
}: HelmOptions): Promise<{ plain: Helm; raised: Helm }> {
  const cacheDir = process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
  const program = await acquireHelm({ cacheDir, env: process.env, log });
  for (const shape of shapes) await writeChart(join(directory, shape.name), shape);
  const env = { PATH: process.env.PATH, HOME: directory, KUBECONFIG: kubeconfig, HELM_NAMESPACE: namespace };
  const helm = (more: Record<string, string>): Helm => {
    const timed = async (...args: string[]) => {
      const startedAt = performance.now();
      await run(program, args, { env: { ...env, ...more } });
      return performance.now() - startedAt;
    };
    const chart = ({ name }: Shape) => join(directory, name);
    return {
      // The program itself only says v4.3; it is kept in a folder named after what it was built from.
      name: basename(dirname(program)),
      install: (release, shape) => timed('install', release, chart(shape), '--wait'),
      upgrade: (release, shape) => timed('upgrade', release, chart(shape), '--set', `text=${SECOND_TEXT}`, '--wait'),
      rollback: (release) => timed('rollback', release, '1', '--wait'),
      // Without --wait: that fails now and then on objects that are on their way out. Who needs them gone waits himself.
      uninstall: (release) => timed('uninstall', release, '--cascade', 'foreground'),
    };
  };
  return { plain: helm({}), raised: helm(RAISED) };
}

async function writeChart(directory: string, shape: Shape): Promise<void> {
  for (const [path, content] of Object.entries(chartOf(shape))) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}
