import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '../embedded/support/processes.ts';
import { refusedStart } from '../support/refused-start.ts';

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
    const { status, stderr } = refusedStart(program, { [variable]: broken, CHANDLERY_DATA_DIR: data });
    expect([status, stderr]).toEqual([1, expect.stringContaining('config_invalid: ')]);
    expect(stderr).toContain(told);
    expect(existsSync(data)).toBe(false);
  });
});
