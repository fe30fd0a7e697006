// `npm test` after the static checks: says what it will need and fetches it once, then runs Jest.
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { acquireCosign } from '../dist/tools/cosign.js';
import { acquireClusterPrograms, acquireHelm } from '../dist/tools/local-cluster/programs.js';
import { acquireOciRegistry } from '../dist/tools/oci-registry.js';
import { acquireTemporalCli } from '../dist/tools/temporal-cli.js';

const cacheDir = process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
const log = (line) => process.stderr.write(`${line}\n`);
// Before any test: the first build takes minutes, and no test should time out over it.
await acquireTemporalCli({ cacheDir, env: process.env, log });
for (const [what, acquire] of [
  ['an OCI registry', acquireOciRegistry],
  ['Helm', acquireHelm],
  ['cosign', acquireCosign],
  ['a Kubernetes cluster', acquireClusterPrograms],
]) {
  try {
    await acquire({ cacheDir, env: process.env, log });
  } catch (error) {
    if (process.env.CI) throw error;
    log(`the tests that need ${what} cannot run: ${error.message}`);
  }
}

const report = process.env.CHANDLERY_TEST_REPORT ? ['--json', `--outputFile=${process.env.CHANDLERY_TEST_REPORT}`] : [];
const jest = join('node_modules', 'jest', 'bin', 'jest.js');
const args = ['--experimental-vm-modules', '--no-warnings', jest, ...report, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { stdio: process.env.CHANDLERY_TEST_REPORT ? ['ignore', 2, 2] : 'inherit' });
process.exit(status ?? 1);
