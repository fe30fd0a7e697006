import { acquireGoTool } from '../go-tool.ts';
import { acquireOwnGoTool } from '../own-go-tool.ts';

export interface ProgramOptions {
  /** For example ~/.cache/chandlery. */
  cacheDir: string;
  /** Variables for the go command: PATH, HOME, and the user's own Go and proxy settings. */
  env: Readonly<Record<string, string | undefined>>;
  log(line: string): void;
  signal?: AbortSignal | undefined;
}

/** Paths of the programs of a cluster; `kubernetes` takes the name of the part (or `kubectl`) as its first argument. */
export interface ClusterPrograms {
  kubernetes: string;
  etcd: string;
  kwok: string;
}

/** As in the go.mod beside each main.go; kwok and Helm are fetched by this version. */
export const VERSIONS = { kubernetes: 'v1.36.3', etcd: 'v3.6.8', kwok: 'v0.8.0', helm: 'v4.3.1' } as const;

/** Without them the server would call itself v0.0.0, and clients decide by its version what it can do. */
function versionFlags(version: string): string {
  const [major, minor] = version.slice(1).split('.');
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'archive' };
  return Object.entries(values)
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
}

/**
 * The programs of a local cluster, built from their Go modules if the cache does not have them (about 5 minutes together on two
 * cores). Fails with `tool_unavailable` without Go or when a build fails, with `cancelled` on abort.
 */
export async function acquireClusterPrograms(options: ProgramOptions): Promise<ClusterPrograms> {
  const folder = 'tools/local-cluster';
  const etcd = await acquireOwnGoTool({ ...options, folder: `${folder}/etcd`, version: VERSIONS.etcd });
  const kwok = await acquireGoTool({
    ...options,
    name: 'kwok',
    module: 'sigs.k8s.io/kwok/cmd/kwok',
    version: VERSIONS.kwok,
    firstBuild: 'about a minute',
  });
  const kubernetes = await acquireOwnGoTool({
    ...options,
    folder: `${folder}/kubernetes`,
    version: VERSIONS.kubernetes,
    linkerFlags: versionFlags(VERSIONS.kubernetes),
    firstBuild: 'about 5 minutes',
  });
  return { kubernetes, etcd, kwok };
}

/** The `helm` program: not part of a cluster, but what ours is compared with. Fails like `acquireClusterPrograms`. */
export async function acquireHelm(options: ProgramOptions): Promise<string> {
  const helm = { name: 'helm', module: 'helm.sh/helm/v4/cmd/helm', version: VERSIONS.helm, firstBuild: 'about 2 minutes' };
  return acquireGoTool({ ...options, ...helm });
}
