import { acquireGoTool, type GoToolOptions } from './go-tool.ts';

/** The newest release whose go line the pinned Go of CI can build. */
const COSIGN_VERSION = 'v3.1.3';
const COSIGN_MODULE = 'github.com/sigstore/cosign/v3';
/** The same, as Go's module cache knows it. */
export const COSIGN = { module: COSIGN_MODULE, version: COSIGN_VERSION } as const;

/** The real cosign, for tests. Fails like `acquireGoTool`. */
export async function acquireCosign(options: Pick<GoToolOptions, 'cacheDir' | 'env' | 'log' | 'signal'>): Promise<string> {
  return acquireGoTool({
    ...options,
    name: 'cosign',
    module: `${COSIGN_MODULE}/cmd/cosign`,
    version: COSIGN_VERSION,
    firstBuild: 'about 5 minutes',
  });
}
