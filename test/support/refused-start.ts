import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/config.ts';

/** Runs `start`, `server` or `worker` of the build, which must end by itself: nothing that it would need is there. */
export function refusedStart(program: string, env: Record<string, string>): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [join(PACKAGE_ROOT, 'dist', 'src', `${program}.js`)], {
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      ...process.env,
      CHANDLERY_PORT: '0',
      // Nobody listens there: what is refused is looked at before anything else.
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      ...env,
    },
  });
}
