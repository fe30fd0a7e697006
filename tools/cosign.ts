import { acquireGoTool, type GoToolOptions } from './go-tool.ts';

/** The newest release whose go line the pinned Go of CI can build. */
const COSIGN_VERSION = 'v3.1.3';

/** The real cosign, for tests. Fails like `acquireGoTool`. */
export async function acquireCosign(options: Pick<GoToolOptions, 'cacheDir' | 'env' | 'log' | 'signal'>): Promise<string> {
  return acquireGoTool({
    ...options,
    name: 'cosign',
    module: 'github.com/sigstore/cosign/v3/cmd/cosign',
    version: COSIGN_VERSION,
    firstBuild: 'about 5 minutes',
  });
}
