import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openDataDirectory } from '../../src/embedded/data-dir.ts';
import { identityOf } from '../../src/embedded/process-identity.ts';
import { killHard, runScript, temporaryDirectory } from './support/processes.ts';

interface Held {
  pid: number;
  recorded: number;
  unrecorded: number;
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let path: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory.path, 'deep', 'data');
});
afterEach(() => directory.remove());

describe('openDataDirectory', () => {
  it('makes the directory for its owner alone', async () => {
    const data = await openDataDirectory(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await data.close();
  });

  it('opens again after it was closed', async () => {
    await (await openDataDirectory(path)).close();
    await (await openDataDirectory(path)).close();
  });

  describe('while another process holds it', () => {
    it('fails with data_directory_in_use and says who and since when', async () => {
      const { child, line } = await runScript<Held>('hold-directory.ts', path);
      const refusal = openDataDirectory(path);
      await expect(refusal).toFailWith('data_directory_in_use');
      await expect(refusal).rejects.toThrow(new RegExp(`in use by process ${line.pid} since \\d{4}-`));
      await killHard(child);
      await (await openDataDirectory(path)).close();
    });
  });

  describe('after its holder was killed', () => {
    it('ends what the dead holder left running, written down or not', async () => {
      const { child, line } = await runScript<Held>('hold-directory.ts', path);
      await killHard(child);
      expect(identityOf(line.recorded)).toBeDefined();
      const lines: string[] = [];
      const data = await openDataDirectory(path, (text) => lines.push(text));
      expect(identityOf(line.recorded)).toBeUndefined();
      if (process.platform === 'linux') expect(identityOf(line.unrecorded)).toBeUndefined();
      expect(lines).toEqual([expect.stringContaining('an earlier run left behind')]);
      await data.close();
    });
  });
});
