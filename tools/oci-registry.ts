import { acquireOwnGoTool } from './own-go-tool.ts';

export interface OciRegistryToolOptions {
  /** For example ~/.cache/chandlery. */
  cacheDir: string;
  /** Variables for the go command: PATH, HOME, and the user's own Go and proxy settings. */
  env: Readonly<Record<string, string | undefined>>;
  log(line: string): void;
  signal?: AbortSignal | undefined;
}

/** Changes with the modules in tools/oci-registry/go.mod: go-containerregistry v0.22.1 and distribution v3.1.2. */
const VERSION = 'v0.22.1-v3.1.2';

/** The program with two real OCI registries in it, for tests and the demo; see tools/oci-registry/main.go. Fails like `acquireOwnGoTool`. */
export async function acquireOciRegistry(options: OciRegistryToolOptions): Promise<string> {
  return acquireOwnGoTool({ ...options, folder: 'tools/oci-registry', version: VERSION, firstBuild: 'about a minute' });
}
