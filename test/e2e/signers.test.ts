import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { temporaryDirectory } from '../embedded/support/processes.ts';

describe.each(['CHANDLERY_SIGNING_KEYS', 'CHANDLERY_TRUSTED_ROOT'])('a server whose %s is broken', (variable) => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let broken: string;
  let told: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    broken = join(directory.path, 'broken');
    told = broken;
    if (variable === 'CHANDLERY_TRUSTED_ROOT') return await writeFile(broken, '{}');
    await mkdir(broken);
    await writeFile(join(broken, 'release.pub'), 'no key');
    told = 'release';
  });
  afterAll(() => directory.remove());

  it.each(['start', 'server', 'worker'])('does not start, and says which: %s', (program) => {
    const data = join(directory.path, 'data');
    const { status, stderr } = spawnSync(process.execPath, [join(PACKAGE_ROOT, 'dist', 'src', `${program}.js`)], {
      encoding: 'utf8',
      timeout: 60_000,
      env: {
        ...process.env,
        [variable]: broken,
        CHANDLERY_DATA_DIR: data,
        CHANDLERY_PORT: '0',
        // Nobody listens there: they are looked at before anything else.
        DATABASE_URL: 'postgres://127.0.0.1:1/none',
        TEMPORAL_ADDRESS: '127.0.0.1:1',
      },
    });
    expect([status, stderr]).toEqual([1, expect.stringContaining('config_invalid: ')]);
    expect(stderr).toContain(told);
    expect(existsSync(data)).toBe(false);
  });
});
